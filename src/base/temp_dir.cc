#include "base/temp_dir.h"

#include <system_error>

#include "base/check.h"
#include "base/ids.h"

namespace moat {

TempDir::TempDir() : path_(std::filesystem::temp_directory_path() / ("moat-" + random_hex(8))) {
    std::error_code error;
    CHECK(std::filesystem::create_directory(path_, error), "cannot make a temporary directory");
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, error);
}

TempDir::~TempDir() {
    std::error_code ignored;  // a leftover in the temporary directory is no reason to fail
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace moat
