#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

// A blob that is being downloaded: a sparse file `<blob>-partial`, and for each of its parts a
// small file `<blob>-partial-<n>` that says how much of it is there, so that a restart, or an
// Ollama on the same store, goes on where this one stopped.
namespace moat::models {

struct BlobPart {
    int number = 0;
    std::int64_t offset = 0;     // in the blob
    std::int64_t size = 0;       // bytes
    std::int64_t completed = 0;  // bytes from `offset` on that are there
};

// {"N":0,"Offset":0,"Size":100,"Completed":10}. Errors: corrupt (also negative or too large).
Result<BlobPart> parse_blob_part(std::string_view text);
std::string to_json(const BlobPart& part);

struct PartLimits {
    int count = 16;
    std::int64_t min_bytes = 100'000'000;
    std::int64_t max_bytes = 1'000'000'000;
};
// [0, size) in order. At least one part, of at least one byte unless the blob is empty.
std::vector<BlobPart> plan_parts(std::int64_t size, const PartLimits& limits);

// Threads: write() from several, one for each part; the rest from one, and not beside discard() or
// finish(). Owns: the files.
class PartialBlob {
  public:
    // Takes up what is there when it fits `size`, else begins anew. Errors: io, too_large (the
    // disk has less room than is missing).
    static Result<PartialBlob> open(
        const std::filesystem::path& blob, std::int64_t size, const PartLimits& limits
    );

    std::size_t part_count() const { return parts_.size(); }
    BlobPart part(std::size_t index) const;  // a copy
    std::int64_t size() const { return size_; }
    std::int64_t completed() const;   // bytes of all parts
    std::int64_t contiguous() const;  // bytes from the blob's start without a gap

    // The next bytes of a part, which must fit it. Errors: io.
    Status write(std::size_t index, BytesView bytes);
    // Forgets what the part has. Errors: io.
    Status rewind(std::size_t index);
    Status read(std::int64_t offset, std::span<std::byte> out) const;

    // Removes all files. Errors: io.
    Status discard();
    // Syncs the file and gives it its name; removes the others. Errors: io.
    Status finish();

  private:
    struct Part {
        explicit Part(const BlobPart& p) : plan(p), completed(p.completed) {}
        const BlobPart plan;
        std::atomic<std::int64_t> completed;
        Fd sidecar;
    };

    PartialBlob(std::filesystem::path blob, std::int64_t size)
        : blob_(std::move(blob)), size_(size) {}
    std::filesystem::path file() const;
    std::filesystem::path sidecar(int number) const;
    std::vector<BlobPart> found_parts() const;
    Status open_files();
    Status record(const Part& part) const;
    void remove_sidecars() const;

    std::filesystem::path blob_;
    std::int64_t size_;
    Fd file_;
    std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace moat::models
