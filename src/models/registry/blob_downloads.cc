#include "models/registry/blob_downloads.h"

#include <utility>

namespace moat::models {
namespace {

constexpr std::size_t kBlobsAtOnce = 4;

}  // namespace

struct BlobDownloads::Running {
    std::shared_ptr<BlobDownload> download;
    std::stop_source stop;
    std::mutex mutex;
    int shares = 0;                // guarded by mutex
    bool started = false;          // guarded by mutex
    std::optional<Status> result;  // guarded by mutex

    // False when nobody wants it any more; a thread will find that out.
    bool start() {
        const std::lock_guard lock(mutex);
        started = !stop.stop_requested();
        return started;
    }
    bool has_started() {
        const std::lock_guard lock(mutex);
        return started;
    }
    // False when it comes to its end already.
    bool add_share() {
        const std::lock_guard lock(mutex);
        if (result || stop.stop_requested()) return false;
        ++shares;
        return true;
    }
};

BlobDownloads::Share::~Share() {
    if (!running_) return;
    const std::lock_guard lock(running_->mutex);
    if (--running_->shares == 0) running_->stop.request_stop();
}

std::int64_t BlobDownloads::Share::completed() const {
    return running_->download->completed();
}

std::optional<Status> BlobDownloads::Share::result() const {
    const std::lock_guard lock(running_->mutex);
    return running_->result;
}

BlobDownloads::BlobDownloads(DownloadSettings settings, std::size_t connections)
    : settings_(std::move(settings)), parts_(connections), blobs_(kBlobsAtOnce) {}

BlobDownloads::~BlobDownloads() {
    const std::lock_guard lock(mutex_);
    for (const auto& [digest, running] : running_)
        running->stop.request_stop();
    // The pools end next, blobs before their parts.
}

BlobDownloads::Share BlobDownloads::join(
    const BlobSource& source, const std::filesystem::path& path
) {
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto found = running_.find(source.digest);
        if (found == running_.end()) break;
        if (found->second->add_share()) return Share(found->second);
        if (!found->second->has_started()) break;
        ended_.wait(lock);
    }
    auto running = std::make_shared<Running>();
    running->download = std::make_shared<BlobDownload>(source, path, settings_, parts_);
    running->shares = 1;
    running_.insert_or_assign(source.digest, running);
    blobs_.post([this, running] { run(running); });
    return Share(running);
}

void BlobDownloads::run(const std::shared_ptr<Running>& running) {
    Status result = Error{ErrorCode::cancelled, "the download was stopped"};
    if (running->start()) result = running->download->run(running->stop.get_token());
    {
        const std::lock_guard lock(running->mutex);
        running->result = std::move(result);
    }
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(running->download->source().digest);
    if (found != running_.end() && found->second == running) running_.erase(found);
    ended_.notify_all();
}

}  // namespace moat::models
