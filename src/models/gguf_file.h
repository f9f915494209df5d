#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/random_access.h"

// Reads the head of a GGUF model file (format versions 2 and 3, little-endian): its metadata and
// its table of tensors, and checks that every tensor lies within the file. Weights are not read.
//
// Threads: any (values). Cost: a few ms, most of it the vocabulary; memory bounded by the options
// and by the file's size. The content is hostile: nothing is trusted before it is checked.
namespace moat::models {

struct GgufEntry {
    std::string key;
    // Numbers, bools, strings, arrays of these; an array longer than the limit is null.
    json::Value value;
    std::uint64_t array_length = 0;  // also of arrays that were left out
};

struct GgufTensor {
    std::string name;
    std::vector<std::uint64_t> shape;  // as stored: the fastest dimension first
    std::uint32_t type = 0;            // gguf_types.h
    std::uint64_t offset = 0;          // from the start of the file
    std::uint64_t bytes = 0;

    std::uint64_t values() const;
};

struct GgufFile {
    std::uint32_t version = 0;
    std::vector<GgufEntry> metadata;  // in file order
    std::vector<GgufTensor> tensors;

    const json::Value* find(std::string_view key) const;
    std::string string_or(std::string_view key, std::string_view fallback) const;
    std::int64_t int_or(std::string_view key, std::int64_t fallback) const;
    std::uint64_t parameter_count() const;  // weights of all tensors
};

struct GgufReadOptions {
    std::string name;  // what messages call the file; empty: its last component
    std::uint64_t max_array_length = 1024;
    std::uint64_t max_metadata = 1 << 13;  // entries
    std::uint64_t max_tensors = 1 << 18;
};

// Errors: corrupt ("X is not a GGUF file", "X is truncated: ...", "X is damaged: ..."),
//         unsupported (another version, an unknown tensor type), not_found, io.
Result<GgufFile> read_gguf(const std::filesystem::path& path, const GgufReadOptions& options = {});
Result<GgufFile> read_gguf(const RandomAccess& bytes, const GgufReadOptions& options);

// True when the file begins with GGUF's four letters; false also when it cannot be read.
bool looks_like_gguf(const std::filesystem::path& path);

}  // namespace moat::models
