#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "models/registry/blob_upload.h"
#include "models/registry/registry_parts.h"

namespace moat::models {
namespace {

constexpr std::string_view kManifestType = "application/vnd.docker.distribution.manifest.v2+json";

}  // namespace

Status Push::run(const Principal& who, const TransferOrder& order) {
    TRY_ASSIGN(name_, parse_remote_name(order.model, order.insecure));
    progress_({.status = "retrieving manifest"});
    TRY_ASSIGN(const std::string text, store_.manifest_text(who, order.model));
    TRY_ASSIGN(const Manifest manifest, parse_manifest(text));
    const auto is_linked = [](const Layer& layer) { return layer.linked.has_value(); };
    if (std::ranges::any_of(manifest.layers, is_linked))
        return Error{
            ErrorCode::unsupported,
            "a model that uses a file in place cannot be pushed; create it without --link first"
        };
    TRY_ASSIGN(session_, RegistrySession::open(access_, name_.origin()));
    std::vector<Layer> layers = manifest.layers;
    layers.push_back(manifest.config);
    std::map<Sha256, bool> sent;
    for (const Layer& layer : layers)
        if (sent.emplace(layer.digest, true).second) TRY(send_blob(layer));
    progress_({.status = "pushing manifest"});
    TRY(send_manifest(text));
    progress_({.status = "success"});
    return Ok{};
}

void Push::tell(const Layer& layer, std::int64_t completed) const {
    progress_(
        {.status = "pushing " + layer.digest.hex().substr(0, 12),
         .digest = digest_text(layer.digest),
         .total = layer.size,
         .completed = completed}
    );
}

Status Push::send_blob(const Layer& layer) {
    tell(layer, 0);
    TRY_ASSIGN(const bool there, is_there(layer));
    if (there) {
        tell(layer, layer.size);
        return Ok{};
    }
    TRY_ASSIGN(const std::string url, begin_upload(layer));
    if (url.empty()) {
        tell(layer, layer.size);
        return Ok{};
    }
    TRY_ASSIGN(
        BlobUpload upload,
        BlobUpload::open(store_.blob_path(layer.digest), layer, *session_, settings_)
    );
    std::int64_t told = 0;
    return upload.send(
        url,
        [&](std::int64_t completed) {
            // A line for each hundredth is enough for a bar.
            const bool is_news =
                completed == layer.size || completed < told || completed - told > layer.size / 100;
            if (!is_news) return;
            told = completed;
            tell(layer, completed);
        },
        stop_
    );
}

Result<bool> Push::is_there(const Layer& layer) {
    const std::string url = name_.base() + "/blobs/" + digest_text(layer.digest);
    TRY_ASSIGN(
        const TransferReply reply, session_->send({.method = "HEAD", .url = url}, nullptr, stop_)
    );
    if (reply.status == 404) return false;
    if (reply.status >= 300) return error_of_status(reply);
    return true;
}

Result<std::string> Push::begin_upload(const Layer& layer) {
    std::string url = name_.base() + "/blobs/uploads/";
    if (const auto from = parse_model_name(layer.from); !layer.from.empty() && from) {
        url = with_query(url, "mount", digest_text(layer.digest));
        url = with_query(url, "from", from->name_space + "/" + from->model);
    }
    TRY_ASSIGN(
        const TransferReply reply, session_->send({.method = "POST", .url = url}, nullptr, stop_)
    );
    if (reply.status == 201) return std::string();
    if (reply.status >= 300) return error_of_status(reply);
    return next_upload_address(reply);
}

Status Push::send_manifest(const std::string& text) {
    TransferRequest request{.method = "PUT", .url = name_.manifest_url(), .body = text};
    request.headers.emplace_back("Content-Type", std::string(kManifestType));
    TRY_ASSIGN(const TransferReply reply, session_->send(std::move(request), nullptr, stop_));
    if (reply.status >= 300) return error_of_status(reply);
    return Ok{};
}

}  // namespace moat::models
