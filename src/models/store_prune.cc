#include <chrono>
#include <set>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "models/model_store_shared.h"

// The part of ModelStore that clears away what no model uses.
namespace moat::models {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr std::string_view kMark = ".moat";  // in the root of a store that Moat began
constexpr auto kUploadsStay = hours(1);
constexpr auto kPartsStay = hours(24 * 7);  // a download may be resumed after a weekend

// How long a file of this name stays unused; nothing: it is none of ours.
std::optional<hours> stays(const std::string& name) {
    if (name.ends_with(".tmp")) return kUploadsStay;
    if (name.contains("-partial")) return kPartsStay;
    if (parse_digest(name)) return kUploadsStay;
    return std::nullopt;
}

bool is_older(const fs::directory_entry& entry, hours age) {
    std::error_code error;
    // Of a link itself, not of the file it names.
    struct stat info{};
    if (::lstat(entry.path().c_str(), &info) != 0) return false;
    const auto changed = std::chrono::system_clock::from_time_t(info.st_mtim.tv_sec);
    return std::chrono::system_clock::now() - changed > age;
}

}  // namespace

Status ModelStore::mark_as_ours(const fs::path& root) {
    const std::string_view text =
        "This folder was begun by Moat, which removes unused blobs here.\n";
    return write_file_atomically(root / kMark, bytes_of(text));
}

Result<std::size_t> ModelStore::prune(bool also_foreign) {
    std::error_code error;
    if (!also_foreign && !fs::exists(shared_->root / kMark, error)) return std::size_t{0};
    const std::lock_guard lock(shared_->write_mutex);
    std::set<Sha256> used;
    for (const ModelName& name : names_below("manifests")) {
        const auto manifest = read_manifest(name);
        if (!manifest) {
            return Error{
                ErrorCode::corrupt,
                "nothing is removed: the manifest of " + name.display() + " cannot be read"
            };
        }
        for (const Sha256& digest : manifest->digests())
            used.insert(digest);
    }
    std::size_t removed = 0;
    for (const auto& entry : fs::directory_iterator(shared_->root / "blobs", error)) {
        const std::string name = entry.path().filename().string();
        const auto age = stays(name);
        const auto digest = parse_digest(name);
        const bool needed = digest && (used.contains(*digest) || must_stay(*digest));
        if (!age || needed || entry.is_directory(error) || !is_older(entry, *age)) continue;
        if (fs::remove(entry.path(), error)) {
            ++removed;
        } else {
            log::warning("{} cannot be removed: {}", name, error.message());
        }
    }
    return removed;
}

}  // namespace moat::models
