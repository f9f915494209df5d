#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"

// A model file that is used where it lies, without a copy among the blobs. It is its owner's: it is
// never written or removed here, and it may change or go at any time, so that what it was when the
// model was made is written down and compared before each load.
// Threads: any (values).
namespace moat::models {

struct LinkedFile {
    std::filesystem::path path;    // absolute
    std::int64_t size = 0;         // bytes
    std::int64_t modified_ns = 0;  // since 1970

    bool operator==(const LinkedFile&) const = default;
};

// As the file is now. Errors: invalid_argument (the path is not absolute, or no file), not_found.
Result<LinkedFile> look_at_file(const std::filesystem::path& path);

// All are what they were. Cost: a stat() each. Errors: not_found (gone), corrupt (changed); both
// say what to do.
Status check_links(const std::vector<LinkedFile>& links);

}  // namespace moat::models
