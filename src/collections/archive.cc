#include "collections/archive.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/file.h"
#include "collections/checksum.h"
#include "index/coding.h"

namespace moat::collections {
namespace {

constexpr std::string_view kMagic = "MOATBKP1";
constexpr std::size_t kFrameBytes = std::size_t{1} << 20;  // filled to about this

// Before each frame.
struct FrameHead {
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;
};
static_assert(sizeof(FrameHead) == 16);

std::string_view bytes_of_head(const FrameHead& head) {
    return {reinterpret_cast<const char*>(&head), sizeof head};
}

Status write_all(const Fd& file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("cannot write a backup", errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return Ok{};
}

// Errors: corrupt when the file ends before.
Status read_all(const Fd& file, char* to, std::size_t bytes) {
    while (bytes > 0) {
        const ssize_t got = ::read(file.get(), to, bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("cannot read a backup", errno);
        if (got == 0) {
            return Error{
                ErrorCode::corrupt, "a file of the backup ends before its end; it was cut"
            };
        }
        to += got;
        bytes -= static_cast<std::size_t>(got);
    }
    return Ok{};
}

}  // namespace

Result<ArchiveWriter> ArchiveWriter::create(
    const std::filesystem::path& path, std::string_view head
) {
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return file_error("cannot make a file of the backup", errno);
    ArchiveWriter writer(std::move(file));
    TRY(write_all(writer.file_, kMagic));
    writer.digest_.update(bytes_of(kMagic));
    writer.bytes_ = kMagic.size();
    TRY(writer.write_frame(head));
    return writer;
}

Status ArchiveWriter::add(const ArchiveRecord& record) {
    frame_.push_back(static_cast<char>(record.space));
    index::put_varint(frame_, record.part);
    index::put_bytes(frame_, record.suffix);
    index::put_bytes(frame_, record.value);
    if (frame_.size() < kFrameBytes) return Ok{};
    TRY(write_frame(frame_));
    frame_.clear();
    return Ok{};
}

Result<ArchiveDigest> ArchiveWriter::finish() {
    if (!frame_.empty()) TRY(write_frame(frame_));
    TRY(write_frame({}));
    if (::fsync(file_.get()) != 0) return file_error("cannot sync a backup", errno);
    return ArchiveDigest{bytes_, digest_.finish()};
}

Status ArchiveWriter::write_frame(std::string_view payload) {
    const FrameHead head{payload.size(), checksum_of(payload)};
    for (const std::string_view bytes : {bytes_of_head(head), payload}) {
        TRY(write_all(file_, bytes));
        digest_.update(bytes_of(bytes));
        bytes_ += bytes.size();
    }
    return Ok{};
}

Result<ArchiveReader> ArchiveReader::open(const std::filesystem::path& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return file_error("cannot open a file of the backup", errno);
    struct stat facts{};
    if (::fstat(file.get(), &facts) != 0) {
        return file_error("cannot read a file of the backup", errno);
    }
    ArchiveReader reader(std::move(file), static_cast<std::uint64_t>(facts.st_size));
    std::string magic(kMagic.size(), '\0');
    TRY(read_all(reader.file_, magic.data(), magic.size()));
    reader.left_ -= magic.size();
    if (magic != kMagic) {
        return Error{
            ErrorCode::unsupported, "this is no backup of a collection, or one of a newer version"
        };
    }
    TRY(reader.read_frame());
    reader.head_ = std::exchange(reader.frame_, {});
    return reader;
}

Status ArchiveReader::read_frame() {
    FrameHead head;
    TRY(read_all(file_, reinterpret_cast<char*>(&head), sizeof head));
    left_ -= std::min<std::uint64_t>(left_, sizeof head);
    if (head.bytes > left_) {
        return Error{
            ErrorCode::corrupt, "a file of the backup is damaged: it was cut, or a length is wrong"
        };
    }
    left_ -= head.bytes;
    frame_.resize(head.bytes);
    TRY(read_all(file_, frame_.data(), frame_.size()));
    if (checksum_of(frame_) != head.checksum) {
        return Error{ErrorCode::corrupt, "a file of the backup is damaged: a checksum is wrong"};
    }
    return Ok{};
}

Result<std::optional<ArchiveRecord>> ArchiveReader::next() {
    if (ended_) return std::optional<ArchiveRecord>();
    if (rest_.empty()) {
        TRY(read_frame());
        if (frame_.empty()) {
            ended_ = true;
            return std::optional<ArchiveRecord>();
        }
        rest_ = frame_;
    }
    index::Reader reader(rest_);
    ArchiveRecord record;
    const auto space = reader.fixed<std::uint8_t>();
    record.space = static_cast<Space>(space);
    record.part = reader.varint32();
    record.suffix = reader.bytes();
    record.value = reader.bytes();
    if (!reader.ok() || space >= kSpaceCount) {
        return Error{ErrorCode::corrupt, "a file of the backup is damaged: a record is cut"};
    }
    rest_ = reader.rest();
    return std::optional(record);
}

}  // namespace moat::collections
