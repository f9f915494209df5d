#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

// The bytes of a model file, read from anywhere in it; a fuzzer or a test can offer them from
// memory. Threads: any; const methods may run beside each other.
namespace moat::models {

class RandomAccess {
  public:
    virtual ~RandomAccess() = default;
    virtual std::uint64_t size() const = 0;
    // Fills all of `out` from `offset`, which with its length is within size(). Errors: io.
    virtual Status read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// An open file. Its size is that of when it was opened; one cut short later is an io error.
class FileBytes final : public RandomAccess {
  public:
    // `name` is what messages call the file. Errors: not_found, corrupt (no regular file), io.
    static Result<FileBytes> open(const std::filesystem::path& path, const std::string& name);

    std::uint64_t size() const override { return size_; }
    Status read(std::uint64_t offset, std::span<std::byte> out) const override;

  private:
    FileBytes(Fd fd, std::uint64_t size, std::string name)
        : fd_(std::move(fd)), size_(size), name_(std::move(name)) {}

    Fd fd_;
    std::uint64_t size_;
    std::string name_;
};

}  // namespace moat::models
