#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/worker_pool.h"
#include "models/registry/blob_download.h"

namespace moat::models {

// All downloads of one store: whoever wants a blob that is on its way shares its download, a few
// blobs go on at once, and their parts share a bounded number of connections.
//
// Threads: any. Owns: the threads of the downloads; the destructor stops them and waits.
class BlobDownloads {
  private:
    struct Running;

  public:
    // A share in a download. Dropping the last one stops it; what is there is kept.
    class Share {
      public:
        Share(Share&&) noexcept = default;
        Share& operator=(Share&&) = delete;
        ~Share();

        std::int64_t completed() const;
        // Nothing while it goes on. Errors: those of BlobDownload::run().
        std::optional<Status> result() const;

      private:
        friend class BlobDownloads;
        explicit Share(std::shared_ptr<Running> running) : running_(std::move(running)) {}
        std::shared_ptr<Running> running_;
    };

    BlobDownloads(DownloadSettings settings, std::size_t connections);
    ~BlobDownloads();
    BlobDownloads(const BlobDownloads&) = delete;
    BlobDownloads& operator=(const BlobDownloads&) = delete;

    // Begins, or joins, the download of `source` to `path`. Blocks while an earlier one that nobody
    // wants any more comes to its end (a second at most).
    Share join(const BlobSource& source, const std::filesystem::path& path);

  private:
    void run(const std::shared_ptr<Running>& running);

    const DownloadSettings settings_;
    std::mutex mutex_;
    std::condition_variable ended_;
    std::map<Sha256, std::shared_ptr<Running>> running_;  // guarded by mutex_
    WorkerPool parts_;
    WorkerPool blobs_;
};

}  // namespace moat::models
