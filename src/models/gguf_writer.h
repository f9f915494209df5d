#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/sha256.h"

// Writes a GGUF model file (version 3, little-endian) from front to back, so that a model never has
// to fit into memory: first its head, then each tensor's bytes in the order of the head's table.
//
// Threads: one at a time. Format: ggml's docs/gguf.md; ids of types in models/gguf_types.h.
namespace moat::models {

// Metadata and the table of tensors. A key or a tensor name is given once.
class GgufHead {
  public:
    void text(std::string_view key, std::string_view value);
    void u32(std::string_view key, std::uint32_t value);
    void f32(std::string_view key, float value);
    void flag(std::string_view key, bool value);
    void texts(std::string_view key, std::span<const std::string> values);
    void u8s(std::string_view key, BytesView values);
    void i32s(std::string_view key, std::span<const std::int32_t> values);
    void f32s(std::string_view key, std::span<const float> values);
    void flags(std::string_view key, const std::vector<bool>& values);

    // `shape` has the fastest dimension first; `bytes` is the size of the tensor's data.
    void tensor(
        std::string_view name,
        std::span<const std::uint64_t> shape,
        std::uint32_t type,
        std::uint64_t bytes
    );

    // As the file begins, up to where the first tensor's data stands.
    std::string bytes() const;
    // Of all tensors, with what stands between them.
    std::uint64_t data_bytes() const { return data_bytes_; }

  private:
    void begin(std::string_view key, std::uint32_t type);

    std::string metadata_;
    std::string table_;
    std::uint64_t entries_ = 0;
    std::uint64_t tensors_ = 0;
    std::uint64_t data_bytes_ = 0;
};

class GgufOutput {
  public:
    // Makes the file, which must not be there yet, and writes the head. Errors: io.
    static Result<GgufOutput> create(const std::filesystem::path& path, const GgufHead& head);

    // More of the present tensor. Errors: io.
    Status write(BytesView data);
    // The next tensor begins. Errors: io.
    Status end_tensor();
    // Synced to the disk; the digest is that of the whole file. Errors: io.
    Result<Sha256> finish();
    std::uint64_t size() const { return size_; }

  private:
    explicit GgufOutput(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
    Sha256Stream digest_;
    std::uint64_t size_ = 0;
};

}  // namespace moat::models
