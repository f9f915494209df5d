#include "adapters/rocksdb/mending.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "adapters/rocksdb/record_file.h"
#include "adapters/rocksdb/twofold_files.h"
#include "base/bytes.h"
#include "base/file.h"

namespace moat::adapters::rocksdb_store {
namespace {

constexpr std::string_view kManifestPrefix = "MANIFEST-";
constexpr std::size_t kReadPiece = std::size_t{64} << 10;
constexpr std::size_t kPage = 4096;  // what a disk that fails may still give

struct Manifest {
    std::string name;
    std::string bytes;
    JoinedCopies joined;
};

Error cannot_read(const std::filesystem::path& path, const rocksdb::Status& status) {
    return {
        ErrorCode::io,
        fmt::format(
            "the store's file {} cannot be read: {}", path.filename().string(), status.ToString()
        )
    };
}

Result<Manifest> read_manifest(
    rocksdb::FileSystem& files, const std::filesystem::path& folder, const std::string& name
) {
    Manifest manifest{name, {}, {}};
    TRY_ASSIGN(manifest.bytes, readable_part(files, folder / name));
    TRY_ASSIGN(const std::string copy, readable_part(files, folder / (name + kCopySuffix)));
    manifest.joined = join_copies(manifest.bytes, copy);
    return manifest;
}

// Newest first. Copies that lost their manifest go.
std::vector<std::string> manifest_names(const std::filesystem::path& folder) {
    std::vector<std::pair<std::uint64_t, std::string>> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        std::string name = entry.path().filename().string();
        if (!name.starts_with(kManifestPrefix)) continue;
        const bool is_copy = name.ends_with(kCopySuffix);
        if (is_copy) name.resize(name.size() - std::string_view(kCopySuffix).size());
        const std::uint64_t number = number_in_name(name, kManifestPrefix);
        if (number != 0) found.emplace_back(number, std::move(name));
    }
    std::ranges::sort(found, std::greater());
    std::vector<std::string> names;
    for (auto& [number, name] : found) {
        if (names.empty() || names.back() != name) names.push_back(std::move(name));
    }
    return names;
}

// The one CURRENT names; else the newest that is whole; else the newest with anything in it.
Result<std::optional<Manifest>> choose(
    rocksdb::FileSystem& files,
    const std::filesystem::path& folder,
    const std::vector<std::string>& names,
    const std::string& current
) {
    if (const auto named = std::ranges::find(names, current); named != names.end()) {
        TRY_ASSIGN(Manifest manifest, read_manifest(files, folder, current));
        return std::optional(std::move(manifest));
    }
    std::optional<Manifest> best;
    for (const std::string& name : names) {
        TRY_ASSIGN(Manifest manifest, read_manifest(files, folder, name));
        if (manifest.joined.bytes.empty()) continue;
        if (manifest.joined.dropped == 0) return std::optional(std::move(manifest));
        if (!best) best = std::move(manifest);
    }
    return best;
}

Status rewrite(
    const std::filesystem::path& folder,
    const std::filesystem::path& aside,
    const Manifest& manifest,
    std::vector<std::string>& done
) {
    if (manifest.joined.bytes == manifest.bytes) return Ok{};
    const std::filesystem::path path = folder / manifest.name;
    if (manifest.joined.from_second > 0) {
        if (std::filesystem::exists(path)) TRY(link_aside(path, aside));
        done.push_back(fmt::format(
            "the store's list of files ({}) was damaged and is made whole from its copy; nothing "
            "is lost by it",
            manifest.name
        ));
    }
    if (manifest.joined.dropped > 0) {
        done.push_back(fmt::format(
            "the unfinished end ({} bytes) of the store's list of files ({}) is cut off; nothing "
            "that was acknowledged is lost",
            manifest.joined.dropped,
            manifest.name
        ));
    }
    return write_file_atomically(path, bytes_of(manifest.joined.bytes));
}

}  // namespace

std::uint64_t number_in_name(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return 0;
    name.remove_prefix(prefix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

bool is_disk_failure(const rocksdb::Status& status) {
    // RocksDB gives the system's reason as text only.
    return status.IsIOError() && status.ToString().contains(std::generic_category().message(EIO));
}

Result<std::string> readable_part(rocksdb::FileSystem& files, const std::filesystem::path& path) {
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    std::string bytes;
    const rocksdb::Status opened = files.NewRandomAccessFile(path.string(), {}, &file, nullptr);
    if (opened.IsNotFound() || opened.IsPathNotFound()) return bytes;
    if (!opened.ok() && is_disk_failure(opened)) return bytes;
    if (!opened.ok()) return cannot_read(path, opened);
    std::size_t wanted = kReadPiece;
    std::string piece;
    for (;;) {
        piece.resize(wanted);
        rocksdb::Slice got;
        const rocksdb::Status status =
            file->Read(bytes.size(), wanted, {}, &got, piece.data(), nullptr);
        if (status.ok()) {
            if (got.empty()) return bytes;
            bytes.append(got.data(), got.size());
            continue;
        }
        if (!is_disk_failure(status)) return cannot_read(path, status);
        // What stands before the place that cannot be read is had in small pieces.
        if (wanted == kPage) return bytes;
        wanted = kPage;
    }
}

Result<std::filesystem::path> link_aside(
    const std::filesystem::path& file, const std::filesystem::path& aside
) {
    TRY(make_directories(aside));
    std::filesystem::path target = aside / file.filename();
    for (int i = 1; std::filesystem::exists(target); ++i)
        target = aside / fmt::format("{}.{}", file.filename().string(), i);
    std::error_code error;
    std::filesystem::create_hard_link(file, target, error);
    if (error) return file_error("cannot set a damaged file aside", error.value());
    TRY(sync_directory(aside));
    return target;
}

Result<std::vector<std::string>> mend_manifest(
    rocksdb::FileSystem& files,
    const std::filesystem::path& folder,
    const std::filesystem::path& aside
) {
    std::vector<std::string> done;
    const std::vector<std::string> names = manifest_names(folder);
    if (names.empty()) return done;  // a new store, or none at all
    TRY_ASSIGN(std::string current, readable_part(files, folder / "CURRENT"));
    const std::string written = current;
    if (current.ends_with('\n')) current.pop_back();
    TRY_ASSIGN(const auto manifest, choose(files, folder, names, current));
    // One that was never finished: without CURRENT there was no store yet.
    if (!manifest && written.empty()) return done;
    if (!manifest || manifest->joined.bytes.empty()) {
        return Error{
            ErrorCode::corrupt,
            "the store's list of files and its copy are both damaged; restore a backup"
        };
    }
    TRY(rewrite(folder, aside, *manifest, done));
    if (written != manifest->name + "\n") {
        done.emplace_back("the store's file CURRENT was damaged and is written anew");
        TRY(write_file_atomically(folder / "CURRENT", bytes_of(manifest->name + "\n")));
    }
    for (const std::string& name : names) {
        std::error_code error;  // rubbish that stays is removed another time
        if (!std::filesystem::exists(folder / name, error)) {
            std::filesystem::remove(folder / (name + kCopySuffix), error);
        }
    }
    return done;
}

}  // namespace moat::adapters::rocksdb_store
