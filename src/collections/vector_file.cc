#include "collections/vector_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace moat::collections {
namespace {

constexpr std::size_t kPage = 4096;

Error failed(std::string_view what, int error) {
    return {
        ErrorCode::io,
        fmt::format("a vector file: {}: {}", what, std::generic_category().message(error))
    };
}

}  // namespace

Result<std::unique_ptr<VectorFile>> VectorFile::open(
    const std::filesystem::path& path, bool fresh
) {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (fresh ? O_TRUNC : 0);
    Fd file(::open(path.c_str(), flags, 0600));
    if (!file) return failed("open", errno);
    return std::unique_ptr<VectorFile>(new VectorFile(std::move(file)));
}

VectorFile::~VectorFile() {
    for (const Mapping& mapping : mappings_)
        ::munmap(mapping.address, mapping.bytes);
}

Result<std::byte*> VectorFile::chunk(std::size_t number, std::size_t bytes) {
    const std::size_t span = (bytes + kPage - 1) / kPage * kPage;
    const auto offset = static_cast<off_t>(number * span);
    // Reserved, because a write into a mapped hole on a full disk is a signal and no error.
    if (const int error = ::posix_fallocate(file_.get(), offset, static_cast<off_t>(span));
        error != 0) {
        return failed("no space", error);
    }
    void* address = ::mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), offset);
    if (address == MAP_FAILED) return failed("mmap", errno);
    mappings_.push_back({address, span});
    return static_cast<std::byte*>(address);
}

Status VectorFile::sync() const {
    if (::fdatasync(file_.get()) != 0) return failed("fdatasync", errno);
    return Ok{};
}

}  // namespace moat::collections
