#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

// Whole-file operations with the promises a store needs. Threads: any; all block on the disk.
// Messages name the file (last component only).
namespace moat {

// What a call that failed with errno `code` means to people: `what` ("cannot write x"), and why. Of
// a full disk it also names the remedy. Its code is io.
Error file_error(std::string_view what, int code);

// Whether a disk could take `bytes` more and keep something for others. Errors: too_large, with
// both numbers and the remedy; never when the disk does not tell its room.
Status check_room(const std::filesystem::path& folder, std::uint64_t bytes);

// Errors: not_found, too_large (over max_bytes), io.
Result<std::string> read_file(
    const std::filesystem::path& path, std::size_t max_bytes = std::size_t{1} << 31
);

// Writes beside, fsyncs, renames over `path`, fsyncs the directory: after a crash `path` holds
// the old content or the new one, whole. Errors: io.
Status write_file_atomically(const std::filesystem::path& path, BytesView data);

// With parents; fine when it exists. Errors: io.
Status make_directories(const std::filesystem::path& path);

// fsync of a directory's own entries, after creating, renaming or removing a file in it.
Status sync_directory(const std::filesystem::path& path);

// Renames a finished and synced temporary onto its final name and syncs the directory.
Status publish_file(const std::filesystem::path& temporary, const std::filesystem::path& path);

// Appends a random suffix, for a temporary file in the same directory as `path`.
std::filesystem::path temporary_beside(const std::filesystem::path& path);

}  // namespace moat
