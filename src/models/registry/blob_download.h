#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/sha256.h"
#include "base/worker_pool.h"
#include "models/registry/partial_blob.h"
#include "models/registry/session.h"

namespace moat::models {

struct DownloadSettings {
    PartLimits parts;
    int max_tries = 6;  // of one part, without a byte in between
    std::chrono::milliseconds retry_delay = std::chrono::seconds(1);  // doubles with each try
    std::chrono::milliseconds stall_limit = std::chrono::seconds(30);
    // Waits, unless `stop` ends it; false when it did. Injected so that tests own time.
    std::function<bool(std::chrono::milliseconds, const std::stop_token&)> wait;
};

// Where a blob is.
struct BlobSource {
    Sha256 digest;
    std::int64_t size = 0;
    std::string url;
    std::shared_ptr<RegistrySession> session;
};

// One blob on its way to `path`: parts side by side, each tried again where it stopped, and the
// digest computed while they come. The file appears whole, synced and with the right digest, or not
// at all; what is there when it fails is taken up by the next download.
//
// Threads: run() on one; progress from any. Parts run on `pool`, which is borrowed and must end
// before `settings` do. Held by a shared_ptr: a part that was queued may outlive run() a little.
class BlobDownload : public std::enable_shared_from_this<BlobDownload> {
  public:
    BlobDownload(
        BlobSource source,
        std::filesystem::path path,
        const DownloadSettings& settings,
        WorkerPool& pool
    );

    // Blocks. Errors: not_found "file does not exist", unauthenticated, io, busy, timed_out,
    // too_large (no room on the disk), cancelled, corrupt ("digest mismatch, file must be
    // downloaded again": then nothing of it is kept; or a registry that answers what was not
    // asked).
    Status run(const std::stop_token& stop);

    const BlobSource& source() const { return source_; }
    std::int64_t completed() const { return completed_.load(std::memory_order_relaxed); }

  private:
    struct Work;  // what the parts of a run share
    class PartSink;

    struct Found;    // what a look at the blob tells
    struct Failure;  // of one try

    Result<Found> probe(const std::stop_token& stop);
    Status fetch_all(const std::shared_ptr<Work>& work);
    void start_part(const std::shared_ptr<Work>& work, std::size_t index);
    void fetch_part(Work& work, std::size_t index);
    std::optional<Failure> try_part(Work& work, std::size_t index);
    std::chrono::milliseconds delay_after(int tries) const;
    Status hash_along(Work& work);
    Status hash_up_to(Work& work, std::int64_t end);
    Status check_and_finish(Work& work);
    Failure find_again(Work& work, const std::string& ended_url);

    const BlobSource source_;
    const std::filesystem::path path_;
    const DownloadSettings& settings_;
    WorkerPool& pool_;
    std::atomic<std::int64_t> completed_ = 0;
};

// The digest of the downloaded bytes is another one: what is said to clients.
Error digest_mismatch();

}  // namespace moat::models
