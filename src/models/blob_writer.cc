#include "models/blob_writer.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/file.h"

namespace moat::models {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 18;

Error io_error(std::string_view what) {
    return file_error(fmt::format("a blob cannot be {}", what), errno);
}

Status write_all(int fd, BytesView bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error("written");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return Ok{};
}

Result<Sha256> copy_pieces(int fd, const ModelStore::Pieces& next) {
    Bytes buffer(kPieceBytes);
    Sha256Stream digest;
    for (;;) {
        TRY_ASSIGN(const std::size_t count, next(buffer));
        if (count == 0) break;
        const BytesView piece = BytesView(buffer).first(count);
        digest.update(piece);
        TRY(write_all(fd, piece));
    }
    if (::fsync(fd) != 0) return io_error("synced");
    return digest.finish();
}

Status write_checked(
    const std::filesystem::path& path, const Sha256& expected, const ModelStore::Pieces& next
) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd) return io_error("made");
    TRY_ASSIGN(const Sha256 got, copy_pieces(fd.get(), next));
    if (got == expected) return Ok{};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format(
            "digest mismatch, expected \"{}\", got \"{}\"", digest_text(expected), digest_text(got)
        )
    };
}

}  // namespace

Status write_blob(
    const std::filesystem::path& path, const Sha256& digest, const ModelStore::Pieces& next
) {
    const auto temporary = temporary_beside(path);
    Status written = write_checked(temporary, digest, next);
    if (!written) {
        ::unlink(temporary.c_str());
        return written;
    }
    return publish_file(temporary, path);
}

}  // namespace moat::models
