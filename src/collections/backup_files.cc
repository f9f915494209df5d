// The files of backups: BackupJobs' methods for those that were made, here or elsewhere.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/fd.h"
#include "base/file.h"
#include "collections/backup_jobs.h"

namespace moat::collections {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

Status write_all(int file, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("cannot write the backup", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return Ok{};
}

Status write_file(const std::filesystem::path& path, const BackupJobs::ReadSome& read) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return file_error("cannot write the backup", errno);
    std::vector<std::byte> buffer(kPieceBytes);
    for (;;) {
        TRY_ASSIGN(const std::size_t count, read(buffer));
        if (count == 0) break;
        TRY(write_all(file.get(), std::span(buffer).first(count)));
    }
    if (::fsync(file.get()) != 0) return file_error("cannot write the backup", errno);
    return Ok{};
}

Status check_files(const std::filesystem::path& folder) {
    TRY_ASSIGN(const BackupManifest manifest, read_backup_manifest(folder));
    for (const BackedUpCollection& collection : manifest.collections) {
        std::error_code error;
        const auto bytes = std::filesystem::file_size(folder / collection.file, error);
        if (error || bytes != collection.bytes) {
            return Error{
                ErrorCode::corrupt,
                fmt::format("the backup is not whole: '{}' is missing or cut", collection.file)
            };
        }
    }
    return Ok{};
}

}  // namespace

Result<BackupManifest> BackupJobs::contents(const Principal& who, const std::string& id) const {
    TRY(backup(who, id));  // who, and whether there is one
    return read_backup_manifest(folder_of(id));
}

Status BackupJobs::verify(const Principal& who, const std::string& id, const std::stop_token& stop)
    const {
    TRY_ASSIGN(const BackupManifest manifest, contents(who, id));
    for (const BackedUpCollection& collection : manifest.collections) {
        if (stop.stop_requested()) {
            return Error{ErrorCode::cancelled, "the check of the backup was stopped"};
        }
        TRY(verify_archive(folder_of(id), collection));
    }
    return Ok{};
}

Status BackupJobs::remove(const Principal& who, const std::string& id) {
    TRY(backup(who, id));
    const std::scoped_lock lock(mutex_);
    if (is_busy(backups_, id) || is_busy(restorations_, id)) {
        return Error{
            ErrorCode::conflict, fmt::format("the backup '{}' is being made or restored", id)
        };
    }
    // Without its manifest it is none any more, whatever becomes of the other files.
    std::error_code error;
    std::filesystem::remove(folder_of(id) / kBackupManifestName, error);
    if (!error) std::filesystem::remove_all(folder_of(id), error);
    if (error) return file_error("cannot remove the backup", error.value());
    backups_.erase(id);
    return Ok{};
}

Result<std::filesystem::path> BackupJobs::file(
    const Principal& who, const std::string& id, std::string_view name
) const {
    TRY_ASSIGN(const BackupManifest manifest, contents(who, id));
    const auto& list = manifest.collections;
    const bool known = name == kBackupManifestName ||
                       std::ranges::find(list, name, &BackedUpCollection::file) != list.end();
    if (known) return folder_of(id) / name;
    return Error{ErrorCode::not_found, fmt::format("the backup '{}' has no file of that name", id)};
}

Status BackupJobs::receive(
    const Principal& who, const std::string& id, std::string_view name, const ReadSome& read
) {
    const auto there = backup(who, id);
    if (there) {
        return Error{
            ErrorCode::conflict, fmt::format("a backup '{}' exists already; choose another id", id)
        };
    }
    if (there.error().code != ErrorCode::not_found) return there.error();
    const bool last = name == kBackupManifestName;
    if (!last && !is_archive_name(name)) {
        return Error{ErrorCode::invalid_argument, "no file of a backup is named so"};
    }
    TRY(make_directories(folder_of(id)));
    const std::filesystem::path path = folder_of(id) / name;
    const std::filesystem::path temporary = temporary_beside(path);
    Status done = write_file(temporary, read);
    if (done) done = publish_file(temporary, path);
    if (done && last) done = check_files(folder_of(id));
    if (done) return Ok{};
    std::error_code ignored;  // the error to tell is the first
    std::filesystem::remove(temporary, ignored);
    if (last) std::filesystem::remove(path, ignored);
    return done;
}

}  // namespace moat::collections
