#include "models/random_access.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace moat::models {

Result<FileBytes> FileBytes::open(const std::filesystem::path& path, const std::string& name) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        const int number = errno;
        const auto code = number == ENOENT ? ErrorCode::not_found : ErrorCode::io;
        const std::string reason = std::generic_category().message(number);
        return Error{code, fmt::format("{} cannot be opened: {}", name, reason)};
    }
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return Error{ErrorCode::corrupt, name + " is not a regular file"};
    return FileBytes(std::move(fd), static_cast<std::uint64_t>(info.st_size), name);
}

Status FileBytes::read(std::uint64_t offset, std::span<std::byte> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        const auto position = static_cast<off_t>(offset + done);
        const auto count = ::pread(fd_.get(), out.data() + done, out.size() - done, position);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return Error{ErrorCode::io, name_ + " cannot be read"};
        done += static_cast<std::size_t>(count);
    }
    return Ok{};
}

}  // namespace moat::models
