#include "models/registry/partial_blob.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"

namespace moat::models {
namespace {

constexpr std::size_t kSidecarBytes = 128;  // always as long, so that one write replaces it
constexpr int kMaxParts = 10'000;
constexpr std::int64_t kMaxBlobBytes = std::int64_t{1} << 50;

Error io_error(std::string_view what) {
    return file_error(fmt::format("a download cannot be {}", what), errno);
}

Status write_at(int fd, std::int64_t offset, BytesView bytes) {
    while (!bytes.empty()) {
        const auto count = ::pwrite(fd, bytes.data(), bytes.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error("written");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += count;
    }
    return Ok{};
}

// Whether the parts are the whole blob, each once and in order.
bool is_plan_of(const std::vector<BlobPart>& parts, std::int64_t size) {
    std::int64_t end = 0;
    for (const BlobPart& part : parts) {
        if (part.offset != end) return false;
        end += part.size;
    }
    return !parts.empty() && end == size;
}

}  // namespace

Result<BlobPart> parse_blob_part(std::string_view text) {
    const auto value = json::read(text);
    if (!value) return Error{ErrorCode::corrupt, "the record of a part is not JSON"};
    const auto number = json::int_or(*value, "N", -1);
    const BlobPart out{
        .number = static_cast<int>(number),
        .offset = json::int_or(*value, "Offset", -1),
        .size = json::int_or(*value, "Size", -1),
        .completed = json::int_or(*value, "Completed", -1)
    };
    const bool fits = number >= 0 && number < kMaxParts && out.offset >= 0 && out.size >= 0 &&
                      out.offset <= kMaxBlobBytes && out.size <= kMaxBlobBytes &&
                      out.completed >= 0 && out.completed <= out.size;
    if (!fits) return Error{ErrorCode::corrupt, "the record of a part makes no sense"};
    return out;
}

std::string to_json(const BlobPart& part) {
    return fmt::format(
        R"({{"N":{},"Offset":{},"Size":{},"Completed":{}}})",
        part.number,
        part.offset,
        part.size,
        part.completed
    );
}

std::vector<BlobPart> plan_parts(std::int64_t size, const PartLimits& limits) {
    const std::int64_t even = size / limits.count;
    std::int64_t each = std::clamp(even, limits.min_bytes, limits.max_bytes);
    each = std::max(each, size / (kMaxParts - 1) + 1);
    std::vector<BlobPart> out;
    for (std::int64_t offset = 0; offset < size || out.empty(); offset += each)
        out.push_back(
            {.number = static_cast<int>(out.size()),
             .offset = offset,
             .size = std::min(each, size - offset)}
        );
    return out;
}

Result<PartialBlob> PartialBlob::open(
    const std::filesystem::path& blob, std::int64_t size, const PartLimits& limits
) {
    PartialBlob out(blob, size);
    auto parts = out.found_parts();
    std::error_code error;
    const auto length = std::filesystem::file_size(out.file(), error);
    const bool fits = !error && static_cast<std::int64_t>(length) == size;
    if (!fits || !is_plan_of(parts, size)) {
        TRY(out.discard());
        parts = plan_parts(size, limits);
    }
    for (const BlobPart& part : parts)
        out.parts_.push_back(std::make_unique<Part>(part));
    TRY(check_room(blob.parent_path(), static_cast<std::uint64_t>(size - out.completed())));
    TRY(out.open_files());
    return out;
}

std::filesystem::path PartialBlob::file() const {
    return blob_.string() + "-partial";
}

std::filesystem::path PartialBlob::sidecar(int number) const {
    return fmt::format("{}-partial-{}", blob_.string(), number);
}

std::vector<BlobPart> PartialBlob::found_parts() const {
    std::vector<BlobPart> out;
    for (int number = 0; number < kMaxParts; ++number) {
        const auto text = read_file(sidecar(number), kSidecarBytes * 4);
        if (!text) break;
        const auto part = parse_blob_part(*text);
        if (!part || part->number != number) return {};
        out.push_back(*part);
    }
    return out;
}

Status PartialBlob::open_files() {
    constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC;
    file_ = Fd(::open(file().c_str(), kFlags, 0644));
    if (!file_ || ::ftruncate(file_.get(), size_) != 0) return io_error("begun");
    for (const auto& part : parts_) {
        part->sidecar = Fd(::open(sidecar(part->plan.number).c_str(), kFlags, 0644));
        if (!part->sidecar) return io_error("begun");
        TRY(record(*part));
    }
    return Ok{};
}

BlobPart PartialBlob::part(std::size_t index) const {
    BlobPart out = parts_[index]->plan;
    out.completed = parts_[index]->completed.load(std::memory_order_acquire);
    return out;
}

std::int64_t PartialBlob::completed() const {
    std::int64_t sum = 0;
    for (const auto& part : parts_)
        sum += part->completed.load(std::memory_order_acquire);
    return sum;
}

std::int64_t PartialBlob::contiguous() const {
    std::int64_t end = 0;
    for (const auto& part : parts_) {
        const auto completed = part->completed.load(std::memory_order_acquire);
        end += completed;
        if (completed < part->plan.size) break;
    }
    return end;
}

// The record follows the bytes: a process that is killed between the two only forgets some.
Status PartialBlob::record(const Part& part) const {
    BlobPart now = part.plan;
    now.completed = part.completed.load(std::memory_order_relaxed);
    std::string text = to_json(now);
    text.resize(kSidecarBytes - 1, ' ');
    text += '\n';
    return write_at(part.sidecar.get(), 0, bytes_of(text));
}

Status PartialBlob::write(std::size_t index, BytesView bytes) {
    Part& part = *parts_[index];
    const std::int64_t done = part.completed.load(std::memory_order_relaxed);
    const auto count = static_cast<std::int64_t>(bytes.size());
    CHECK(done + count <= part.plan.size);
    TRY(write_at(file_.get(), part.plan.offset + done, bytes));
    part.completed.store(done + count, std::memory_order_release);
    return record(part);
}

Status PartialBlob::rewind(std::size_t index) {
    parts_[index]->completed.store(0, std::memory_order_release);
    return record(*parts_[index]);
}

Status PartialBlob::read(std::int64_t offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const auto count = ::pread(file_.get(), out.data(), out.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return io_error("read back");
        out = out.subspan(static_cast<std::size_t>(count));
        offset += count;
    }
    return Ok{};
}

// By what is there, not by what this object knows: an earlier plan may have had more parts, and one
// of its records may be missing.
void PartialBlob::remove_sidecars() const {
    for (int number = 0; number < kMaxParts; ++number) {
        std::error_code error;
        if (!std::filesystem::remove(sidecar(number), error) && number > 64) return;
    }
}

Status PartialBlob::discard() {
    std::error_code error;
    std::filesystem::remove(file(), error);
    if (error) {
        return Error{
            ErrorCode::io, fmt::format("a download cannot be removed: {}", error.message())
        };
    }
    remove_sidecars();
    return Ok{};
}

Status PartialBlob::finish() {
    if (::fsync(file_.get()) != 0) return io_error("synced");
    TRY(publish_file(file(), blob_));
    remove_sidecars();
    return sync_directory(blob_.parent_path());
}

}  // namespace moat::models
