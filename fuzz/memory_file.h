#pragma once

#include <cstdint>
#include <cstring>

#include "models/random_access.h"

// The bytes of a fuzzer as a file. A read beyond its end is a finding.
class MemoryFile final : public moat::models::RandomAccess {
  public:
    MemoryFile(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    std::uint64_t size() const override { return size_; }
    moat::Status read(std::uint64_t offset, std::span<std::byte> out) const override {
        if (offset > size_ || out.size() > size_ - offset) __builtin_trap();
        std::memcpy(out.data(), data_ + offset, out.size());
        return moat::Ok{};
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};
