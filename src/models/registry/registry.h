#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/principal.h"
#include "base/result.h"
#include "models/model_store.h"
#include "models/progress.h"
#include "models/registry/blob_download.h"
#include "models/registry/http_transfer.h"

namespace moat::models {

struct TransferOrder {
    std::string model;
    bool insecure = false;  // http:// in front of the name is meant
};

struct RegistrySettings {
    std::filesystem::path keys;  // folder with id_ed25519 and registries.json
    std::string user_agent;
    std::size_t connections = 8;  // at once, for all pulls
    DownloadSettings downloads;
};

// Models from and to registries, by the protocol of docs/formats/registry.md, with which Ollama's
// library, Hugging Face, ModelScope and private registries are spoken to.
//
// Threads: any; calls block until all is done and may run side by side: a blob wanted by several
// is downloaded once. Borrows the store, the transfer and the clock. Owns the download threads.
class Registry {
  public:
    Registry(ModelStore& store, HttpTransfer& http, const Clock& clock, RegistrySettings settings);
    ~Registry();

    // The model is there when this returns, and not before: every blob is on disk with its digest
    // checked, then the manifest appears in one step, with the exact bytes of the registry. What a
    // pull that fails or is stopped has got is kept, and the next one goes on with it.
    // Errors: forbidden, invalid_argument "invalid model name", `pull model manifest: ...`, and
    // those of BlobDownload::run().
    Status pull(
        const Principal& who,
        const TransferOrder& order,
        const ProgressSink& progress,
        const std::stop_token& stop
    );
    // Blobs that the registry has are not sent. Errors: forbidden, not_found, invalid_argument,
    // unauthenticated, io, busy, timed_out, cancelled.
    Status push(
        const Principal& who,
        const TransferOrder& order,
        const ProgressSink& progress,
        const std::stop_token& stop
    );

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace moat::models
