#include "models/model_link.h"

#include <sys/stat.h>

#include <fmt/format.h>

namespace moat::models {

Result<LinkedFile> look_at_file(const std::filesystem::path& path) {
    if (!path.is_absolute()) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("{} is linked by a path that does not begin with /", path.string())
        };
    }
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
        return Error{
            ErrorCode::not_found,
            fmt::format(
                "{} is not on the server, or the server may not read it; a model can only be "
                "linked to a file there. Leave --link out to upload it",
                path.string()
            )
        };
    }
    if (!S_ISREG(info.st_mode))
        return Error{ErrorCode::invalid_argument, fmt::format("{} is not a file", path.string())};
    constexpr std::int64_t kBillion = 1'000'000'000;
    return LinkedFile{
        .path = path,
        .size = info.st_size,
        .modified_ns = info.st_mtim.tv_sec * kBillion + info.st_mtim.tv_nsec
    };
}

Status check_links(const std::vector<LinkedFile>& links) {
    for (const LinkedFile& link : links) {
        const std::string name = link.path.filename().string();
        const auto now = look_at_file(link.path);
        if (!now) {
            return Error{
                ErrorCode::not_found,
                fmt::format(
                    "the file {} this model is linked to is gone; put it back or create the model "
                    "again",
                    name
                )
            };
        }
        if (*now == link) continue;
        return Error{
            ErrorCode::corrupt,
            fmt::format(
                "the file {} this model is linked to has changed since; create the model again",
                name
            )
        };
    }
    return Ok{};
}

}  // namespace moat::models
