#include "app/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>

#include <fmt/format.h>

#include "base/file.h"

namespace moat::app {
namespace {

Error failed(std::string_view doing, int code) {
    return Error{
        ErrorCode::io, fmt::format("{}: {}", doing, std::generic_category().message(code))
    };
}

}  // namespace

Result<DataFolder> DataFolder::take(const std::filesystem::path& path) {
    const bool is_new = !std::filesystem::exists(path);
    TRY(make_directories(path));
    if (is_new && ::chmod(path.c_str(), S_IRWXU) != 0)
        return failed("cannot restrict the data folder to its owner", errno);
    Fd file(::open((path / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file) return failed("cannot write to the data folder", errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return DataFolder(std::move(file));
    if (errno != EWOULDBLOCK) return failed("cannot lock the data folder", errno);
    return Error{
        ErrorCode::conflict,
        fmt::format(
            "another server is using the data folder {}; stop it, or choose another folder with "
            "--data",
            path.string()
        )
    };
}

}  // namespace moat::app
