#include "base/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/ids.h"

namespace moat {
namespace {

Error io_error(const char* what, const std::filesystem::path& path, int code) {
    Error out = file_error(std::string(what) + " " + path.filename().string(), code);
    if (code == ENOENT) out.code = ErrorCode::not_found;
    return out;
}

Status write_and_sync(const Fd& file, const std::filesystem::path& path, BytesView data) {
    while (!data.empty()) {
        const ssize_t written = ::write(file.get(), data.data(), data.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return io_error("cannot write", path, errno);
        data = data.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return io_error("cannot sync", path, errno);
    return Ok{};
}

}  // namespace

Error file_error(std::string_view what, int code) {
    const bool full = code == ENOSPC || code == EDQUOT;
    return Error{
        ErrorCode::io,
        std::string(what) + ": " +
            (full ? "the disk is full; free some space and try again"
                  : std::generic_category().message(code))
    };
}

Status check_room(const std::filesystem::path& folder, std::uint64_t bytes) {
    constexpr std::uint64_t kSpareBytes = std::uint64_t{64} << 20;
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    if (error || bytes == 0) return Ok{};
    const std::uint64_t room = space.available;
    if (room > kSpareBytes && bytes <= room - kSpareBytes) return Ok{};
    return Error{
        ErrorCode::too_large,
        fmt::format(
            "the disk has {} MB left, and {} MB are still to come: free some space and try again",
            room / 1'000'000,
            (bytes + 999'999) / 1'000'000
        )
    };
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return io_error("cannot open", path, errno);
    std::string data;
    char buffer[65536];
    while (true) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error("cannot read", path, errno);
        if (got == 0) return data;
        if (data.size() + static_cast<std::size_t>(got) > max_bytes) {
            return Error{
                ErrorCode::too_large,
                path.filename().string() + " is larger than " + std::to_string(max_bytes) + " bytes"
            };
        }
        data.append(buffer, static_cast<std::size_t>(got));
    }
}

Status write_file_atomically(const std::filesystem::path& path, BytesView data) {
    const auto temporary = temporary_beside(path);
    Status written = [&]() -> Status {
        const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!file) return io_error("cannot create", path, errno);
        return write_and_sync(file, path, data);
    }();
    if (!written) {
        ::unlink(temporary.c_str());
        return written;
    }
    return publish_file(temporary, path);
}

Status make_directories(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return io_error("cannot make directory", path, error.value());
    return Ok{};
}

Status sync_directory(const std::filesystem::path& path) {
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return io_error("cannot sync", path, errno);
    return Ok{};
}

Status publish_file(const std::filesystem::path& temporary, const std::filesystem::path& path) {
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int code = errno;
        ::unlink(temporary.c_str());
        return io_error("cannot rename onto", path, code);
    }
    return sync_directory(path.parent_path());
}

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
    auto temporary = path;
    temporary += "." + random_hex(8) + ".tmp";
    return temporary;
}

}  // namespace moat
