#include "models/gguf_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <numeric>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/fd.h"
#include "models/gguf_reader.h"

namespace moat::models {
namespace {

class FileBytes final : public GgufBytes {
  public:
    FileBytes(Fd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

    std::uint64_t size() const override { return size_; }

    Status read(std::uint64_t offset, std::span<std::byte> out) const override {
        std::size_t done = 0;
        while (done < out.size()) {
            const auto position = static_cast<off_t>(offset + done);
            const auto count = ::pread(fd_.get(), out.data() + done, out.size() - done, position);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return Error{ErrorCode::io, "the model file cannot be read"};
            done += static_cast<std::size_t>(count);
        }
        return Ok{};
    }

  private:
    Fd fd_;
    std::uint64_t size_;
};

Result<FileBytes> open_bytes(const std::filesystem::path& path, const std::string& name) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        const int number = errno;
        const auto code = number == ENOENT ? ErrorCode::not_found : ErrorCode::io;
        const std::string reason = std::generic_category().message(number);
        return Error{code, fmt::format("{} cannot be opened: {}", name, reason)};
    }
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return Error{ErrorCode::corrupt, name + " is not a GGUF file: it is not a regular file"};
    return FileBytes(std::move(fd), static_cast<std::uint64_t>(info.st_size));
}

}  // namespace

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

Result<GgufFile> read_gguf(const GgufBytes& bytes, const GgufReadOptions& options) {
    return GgufReader(bytes, options).read();
}

Result<GgufFile> read_gguf(const std::filesystem::path& path, const GgufReadOptions& options) {
    GgufReadOptions named = options;
    if (named.name.empty()) named.name = path.filename().string();
    TRY_ASSIGN(const FileBytes bytes, open_bytes(path, named.name));
    return read_gguf(bytes, named);
}

bool looks_like_gguf(const std::filesystem::path& path) {
    const auto bytes = open_bytes(path, "");
    if (!bytes || bytes->size() < 4) return false;
    std::array<std::byte, 4> magic{};
    return bytes->read(0, magic) && text_of(magic) == "GGUF";
}

}  // namespace moat::models
