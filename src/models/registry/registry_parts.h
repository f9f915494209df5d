#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "models/registry/blob_downloads.h"
#include "models/registry/registry.h"
#include "models/registry/remote_name.h"

// The inside of a Registry, seen by its own files only.
namespace moat::models {

struct Registry::Parts {
    Parts(ModelStore& s, HttpTransfer& http, const Clock& clock, RegistrySettings given);

    Result<SigningKey> signing_key();

    ModelStore& store;
    const RegistrySettings settings;
    const RegistryAccess access;
    std::mutex key_mutex;  // held while the key file may be made
    BlobDownloads downloads;
};

// One run of Registry::pull().
class Pull {
  public:
    Pull(
        ModelStore& store,
        const RegistryAccess& access,
        BlobDownloads& downloads,
        const ProgressSink& progress,
        const std::stop_token& stop
    )
        : store_(store), access_(access), downloads_(downloads), progress_(progress), stop_(stop) {}

    Status run(const Principal& who, const TransferOrder& order);

  private:
    struct Waiting;

    Status take_manifest(const RemoteName& name);
    Status take_shards(const RemoteName& name);
    Status fetch_blobs();
    Status wait_for(std::vector<Waiting>& blobs);
    void tell(const BlobSource& blob, std::int64_t completed) const;
    Status describe_shards(const Principal& who);

    ModelStore& store_;
    const RegistryAccess& access_;
    BlobDownloads& downloads_;
    const ProgressSink& progress_;
    const std::stop_token& stop_;

    Manifest manifest_;
    std::string manifest_text_;        // as the registry wrote it
    std::vector<BlobSource> sources_;  // each blob once
    bool from_files_ = false;          // there is no manifest but the one made here
};

// One run of Registry::push().
class Push {
  public:
    Push(
        ModelStore& store,
        const RegistryAccess& access,
        const DownloadSettings& settings,
        const ProgressSink& progress,
        const std::stop_token& stop
    )
        : store_(store), access_(access), settings_(settings), progress_(progress), stop_(stop) {}

    Status run(const Principal& who, const TransferOrder& order);

  private:
    Status send_blob(const Layer& layer);
    Result<bool> is_there(const Layer& layer);
    // The address the first part goes to; empty when the registry took the blob from elsewhere.
    Result<std::string> begin_upload(const Layer& layer);
    Status send_manifest(const std::string& text);
    void tell(const Layer& layer, std::int64_t completed) const;

    ModelStore& store_;
    const RegistryAccess& access_;
    const DownloadSettings& settings_;
    const ProgressSink& progress_;
    const std::stop_token& stop_;

    RemoteName name_;
    std::shared_ptr<RegistrySession> session_;
};

}  // namespace moat::models
