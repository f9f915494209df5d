#include "models/blob_checks.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "models/manifest.h"

namespace moat::models {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;
constexpr std::int64_t kVersion = 1;

}  // namespace

std::optional<BlobChecks::Entry> BlobChecks::stat_of(const std::filesystem::path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return Entry{
        .size = info.st_size,
        .modified_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec
    };
}

std::optional<bool> BlobChecks::find(const Sha256& digest, const std::filesystem::path& path) {
    const auto now = stat_of(path);
    const std::lock_guard lock(mutex_);
    load();
    const auto found = entries_.find(digest);
    if (!now || found == entries_.end()) return std::nullopt;
    const Entry& then = found->second;
    if (then.size != now->size || then.modified_ns != now->modified_ns) return std::nullopt;
    return then.good;
}

Status BlobChecks::record(const Sha256& digest, const std::filesystem::path& path, bool good) {
    auto entry = stat_of(path);
    if (!entry) return Error{ErrorCode::not_found, "the blob is gone"};
    entry->good = good;
    const std::lock_guard lock(mutex_);
    load();
    entries_.insert_or_assign(digest, *entry);
    return store();
}

void BlobChecks::load() {
    if (std::exchange(loaded_, true)) return;
    const auto text = read_file(file_, kMaxFileBytes);
    if (!text && text.error().code == ErrorCode::not_found) return;
    const auto value = text ? json::read(*text) : Result<json::Value>(text.error());
    const json::Object* blobs = value ? json::find_object(*value, "blobs") : nullptr;
    if (!blobs || json::int_or(*value, "version", 0) != kVersion) {
        log::warning("checked.json of the models cannot be read: no blob counts as checked");
        return;
    }
    for (const auto& [key, entry] : *blobs) {
        const auto digest = parse_digest({key.data(), key.size()});
        if (!digest) continue;
        entries_[*digest] = {
            .size = json::int_or(entry, "size", -1),
            .modified_ns = json::int_or(entry, "modified_ns", -1),
            .good = json::bool_or(entry, "good", false)
        };
    }
}

Status BlobChecks::store() const {
    json::Object blobs;
    for (const auto& [digest, entry] : entries_)
        blobs[digest_text(digest)] = json::Object{
            {"size", entry.size}, {"modified_ns", entry.modified_ns}, {"good", entry.good}
        };
    const json::Object whole{{"version", kVersion}, {"blobs", std::move(blobs)}};
    return write_file_atomically(file_, bytes_of(json::write(whole, json::Style::pretty)));
}

}  // namespace moat::models
