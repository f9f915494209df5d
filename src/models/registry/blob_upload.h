#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/md5.h"
#include "base/result.h"
#include "models/manifest.h"
#include "models/registry/blob_download.h"
#include "models/registry/session.h"

namespace moat::models {

// One blob on its way into a registry, part by part, from an address the registry gave for it.
// Threads: one. Borrows what it is given.
class BlobUpload {
  public:
    using Progress = std::function<void(std::int64_t completed)>;

    // Errors: io.
    static Result<BlobUpload> open(
        const std::filesystem::path& file,
        const Layer& layer,
        RegistrySession& session,
        const DownloadSettings& settings
    );

    // Each part is tried again from its beginning. Errors: io, busy, timed_out, unauthenticated,
    // unsupported (the registry refuses), corrupt (it gives no next address), cancelled.
    Status send(std::string url, const Progress& progress, const std::stop_token& stop);

  private:
    BlobUpload(Fd file, Layer layer, RegistrySession& session, const DownloadSettings& settings)
        : file_(std::move(file)),
          layer_(std::move(layer)),
          session_(session),
          settings_(settings) {}

    Result<std::string> send_part(const std::string& url, const BlobPart& part);
    Result<std::string> try_part(const std::string& url, const BlobPart& part);
    Result<TransferReply> transfer(TransferRequest request, const BlobPart& part);
    Status finish(const std::string& url, std::size_t parts);

    Fd file_;
    Layer layer_;
    RegistrySession& session_;
    const DownloadSettings& settings_;
    const Progress* progress_ = nullptr;  // of send()
    std::stop_token stop_;                // of send()
    Md5Stream part_digest_;               // of the part that is being sent
    Md5Stream digests_;                   // of the digests of the parts
};

// The address in a reply that an upload goes on with. Errors: corrupt.
Result<std::string> next_upload_address(const TransferReply& reply);

}  // namespace moat::models
