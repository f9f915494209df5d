// Heads of published weights.
#include <cstdint>
#include <cstring>

#include "models/convert/safetensors.h"

namespace {

class Input final : public moat::models::RandomAccess {
  public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto tensors = moat::models::read_safetensors(Input(data, size), "x");
    if (!tensors) return 0;
    // What was accepted lies within the file, one after the other.
    std::uint64_t end = 0;
    for (const auto& tensor : *tensors) {
        if (tensor.offset < end || tensor.bytes > size || tensor.offset > size - tensor.bytes)
            __builtin_trap();
        end = tensor.offset + tensor.bytes;
    }
    return 0;
}
