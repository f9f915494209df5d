#include "knowledge/content_store.h"

#include <system_error>
#include <vector>

#include "base/file.h"

namespace moat::knowledge {

namespace fs = std::filesystem;

Result<ContentStore> ContentStore::open(fs::path root) {
    TRY(make_directories(root));
    return ContentStore(std::move(root));
}

fs::path ContentStore::path_of(const Sha256& digest) const {
    const std::string hex = digest.hex();
    return root_ / hex.substr(0, 2) / hex;
}

Status ContentStore::put(const Sha256& digest, std::string_view bytes) const {
    const fs::path path = path_of(digest);
    std::error_code failed;
    // The size tells a file cut short by something outside from a whole one.
    if (fs::file_size(path, failed) == bytes.size() && !failed) return Ok{};
    TRY(make_directories(path.parent_path()));
    TRY(sync_directory(root_));  // or a new folder may be gone after a power loss, with the file
    if (const Status written = write_file_atomically(path, bytes_of(bytes)); !written)
        return Error{written.error().code, "cannot store the file: " + written.error().message};
    return Ok{};
}

Result<std::string> ContentStore::get(const Sha256& digest) const {
    auto bytes = read_file(path_of(digest));
    if (!bytes) {
        if (bytes.error().code == ErrorCode::not_found)
            return Error{ErrorCode::not_found, "the original file is gone"};
        return bytes;
    }
    if (sha256(bytes_of(*bytes)) != digest)
        return Error{ErrorCode::corrupt, "the stored original no longer matches its checksum"};
    return bytes;
}

Status ContentStore::remove(const Sha256& digest) const {
    std::error_code failed;
    fs::remove(path_of(digest), failed);
    if (failed) return Error{ErrorCode::io, "cannot remove a stored file: " + failed.message()};
    return Ok{};
}

Status ContentStore::sweep(const std::function<Result<bool>(const std::string& hex)>& in_use
) const {
    std::error_code failed;
    std::vector<fs::path> unused;
    for (fs::recursive_directory_iterator it(root_, failed), end; !failed && it != end;
         it.increment(failed)) {
        if (!it->is_regular_file()) continue;
        const std::string name = it->path().filename().string();
        bool used = false;
        if (parse_sha256(name)) {
            TRY_ASSIGN(used, in_use(name));
        }
        if (!used) unused.push_back(it->path());
    }
    for (const fs::path& path : unused)
        if (!failed) fs::remove(path, failed);
    if (failed) return Error{ErrorCode::io, "cannot tidy the stored files: " + failed.message()};
    return Ok{};
}

}  // namespace moat::knowledge
