#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/sha256.h"
#include "collections/key_value_store.h"

// A file with the keys and values of one collection, for backups (docs/formats/backups.md): frames
// with a checksum each, the first of them the head, the last empty. Written front to back, read
// front to back; nothing is held in memory but one frame.
namespace moat::collections {

// One key and value. `part` says whose key it is, which then lacks its prefix: 0 the collection's,
// else that tenant's, in the order of the head.
struct ArchiveRecord {
    Space space = Space::objects;
    std::uint32_t part = 0;
    std::string_view suffix;
    std::string_view value;
};

// What a file has to be to be the one that was written.
struct ArchiveDigest {
    std::uint64_t bytes = 0;
    Sha256 sha256;
};

// One thread. Errors: io.
class ArchiveWriter {
  public:
    // The file must not exist.
    static Result<ArchiveWriter> create(const std::filesystem::path& path, std::string_view head);

    Status add(const ArchiveRecord& record);
    // Ends the file and syncs it. The writer is spent.
    Result<ArchiveDigest> finish();

  private:
    explicit ArchiveWriter(Fd file) : file_(std::move(file)) {}
    Status write_frame(std::string_view payload);

    Fd file_;
    std::string frame_;  // records that are not written yet
    std::uint64_t bytes_ = 0;
    Sha256Stream digest_;
};

// One thread. Errors: io; corrupt (a frame that is not as it was written, a cut file);
// unsupported (a newer version).
class ArchiveReader {
  public:
    static Result<ArchiveReader> open(const std::filesystem::path& path);

    const std::string& head() const { return head_; }
    // Nothing at the end. The views hold until the next call.
    Result<std::optional<ArchiveRecord>> next();

  private:
    ArchiveReader(Fd file, std::uint64_t size) : file_(std::move(file)), left_(size) {}
    Status read_frame();

    Fd file_;
    std::uint64_t left_;  // bytes of the file that were not read
    std::string head_;
    std::string frame_;
    std::string_view rest_;  // of frame_
    bool ended_ = false;
};

}  // namespace moat::collections
