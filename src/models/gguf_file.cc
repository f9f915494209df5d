#include "models/gguf_file.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "models/gguf_reader.h"

namespace moat::models {
std::uint64_t GgufTensor::values() const {
    return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
}

const json::Value* GgufFile::find(std::string_view key) const {
    const auto found = std::ranges::find(metadata, key, &GgufEntry::key);
    return found == metadata.end() ? nullptr : &found->value;
}

std::string GgufFile::string_or(std::string_view key, std::string_view fallback) const {
    const json::Value* value = find(key);
    if (!value || !value->is_string()) return std::string(fallback);
    return std::string(json::view(value->get_string()));
}

std::int64_t GgufFile::int_or(std::string_view key, std::int64_t fallback) const {
    const json::Value* value = find(key);
    if (!value) return fallback;
    if (value->is_int64()) return value->get_int64();
    if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
    return fallback;
}

std::uint64_t GgufFile::parameter_count() const {
    std::uint64_t count = 0;
    for (const GgufTensor& tensor : tensors)
        count += tensor.values();
    return count;
}

Result<GgufFile> read_gguf(const RandomAccess& bytes, const GgufReadOptions& options) {
    return GgufReader(bytes, options).read();
}

Result<GgufFile> read_gguf(const std::filesystem::path& path, const GgufReadOptions& options) {
    GgufReadOptions named = options;
    if (named.name.empty()) named.name = path.filename().string();
    auto bytes = FileBytes::open(path, named.name);
    if (!bytes && bytes.error().code == ErrorCode::corrupt)
        return Error{
            ErrorCode::corrupt, named.name + " is not a GGUF file: it is not a regular file"
        };
    if (!bytes) return std::move(bytes).error();
    return read_gguf(*bytes, named);
}

bool looks_like_gguf(const std::filesystem::path& path) {
    const auto bytes = FileBytes::open(path, "");
    if (!bytes || bytes->size() < 4) return false;
    std::array<std::byte, 4> magic{};
    return bytes->read(0, magic) && text_of(magic) == "GGUF";
}

}  // namespace moat::models
