#include <algorithm>
#include <condition_variable>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "base/log.h"
#include "models/gguf_file.h"
#include "models/model_facts.h"
#include "models/registry/hub_files.h"
#include "models/registry/registry_parts.h"

namespace moat::models {
namespace {

constexpr std::string_view kManifestType = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kConfigType = "application/vnd.docker.container.image.v1+json";
constexpr std::size_t kMaxManifestBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxLayers = 4096;
constexpr std::int64_t kMaxModelBytes = std::int64_t{1} << 50;
constexpr auto kTellEvery = std::chrono::milliseconds(60);
constexpr int kMaxRounds = 3;

// A registry is a stranger: its numbers are checked before anything is done with them.
Status check_manifest(const Manifest& manifest) {
    const Error wrong{ErrorCode::corrupt, "the manifest of the registry makes no sense"};
    if (manifest.layers.empty() || manifest.layers.size() > kMaxLayers) return wrong;
    std::map<Sha256, std::int64_t> sizes;
    std::int64_t total = 0;
    const auto add = [&](const Layer& layer) {
        // Nor may it name files of ours.
        if (layer.size < 0 || layer.size > kMaxModelBytes || layer.linked) return false;
        total += layer.size;
        const auto [known, is_new] = sizes.emplace(layer.digest, layer.size);
        return total <= kMaxModelBytes && (is_new || known->second == layer.size);
    };
    if (!add(manifest.config) || !std::ranges::all_of(manifest.layers, add)) return wrong;
    if (!manifest.find(layer_type::kModel))
        return Error{
            ErrorCode::unsupported,
            "this model has no GGUF file; models in other formats cannot be run here"
        };
    return Ok{};
}

Error in_pulling(Error error, const ModelName& name) {
    // Whoever is cut off from the registry has another way.
    if (error.code == ErrorCode::io)
        error.message += fmt::format(
            ". If this server may not reach {}, set HTTPS_PROXY for it, or bring the model as a "
            "file: write `FROM ./model.gguf` into a Modelfile and run `moat create {} -f "
            "Modelfile`",
            name.host,
            name.model
        );
    error.message = "pull model manifest: " + error.message;
    return error;
}

}  // namespace

struct Pull::Waiting {
    const BlobSource& source;
    BlobDownloads::Share share;
    std::int64_t told = -1;
    bool done = false;
};

Status Pull::run(const Principal& who, const TransferOrder& order) {
    TRY_ASSIGN(const RemoteName name, parse_remote_name(order.model, order.insecure));
    progress_({.status = "pulling manifest"});
    if (const Status taken = take_manifest(name); !taken)
        return in_pulling(taken.error(), name.name);
    // What another request removes meanwhile, because no manifest uses it yet, is fetched again.
    for (int round = 1;; ++round) {
        TRY(fetch_blobs());
        progress_({.status = "verifying sha256 digest"});
        if (from_files_) TRY(describe_shards(who));
        const Status installed = store_.install(who, name.name, manifest_text_, progress_);
        if (installed) break;
        if (installed.error().code != ErrorCode::conflict || round == kMaxRounds) return installed;
    }
    progress_({.status = "success"});
    return Ok{};
}

Status Pull::take_manifest(const RemoteName& name) {
    TRY_ASSIGN(const auto session, RegistrySession::open(access_, name.origin()));
    TransferRequest request{.url = name.manifest_url(), .max_reply_bytes = kMaxManifestBytes};
    request.headers.emplace_back("Accept", std::string(kManifestType));
    TRY_ASSIGN(TransferReply reply, session->send(std::move(request), nullptr, stop_));
    if (is_shards_refusal(reply)) return take_shards(name);
    if (reply.status != 200) return error_of_status(reply);
    TRY_ASSIGN(manifest_, parse_manifest(reply.body));
    TRY(check_manifest(manifest_));
    manifest_text_ = std::move(reply.body);

    std::vector<Layer> blobs = manifest_.layers;
    blobs.push_back(manifest_.config);
    for (const Layer& layer : blobs) {
        if (std::ranges::find(sources_, layer.digest, &BlobSource::digest) != sources_.end())
            continue;
        sources_.push_back(
            {.digest = layer.digest,
             .size = layer.size,
             .url = name.base() + "/blobs/" + digest_text(layer.digest),
             .session = session}
        );
    }
    return Ok{};
}

// The site keeps the model in several files and gives no manifest for it: one is made of its list.
Status Pull::take_shards(const RemoteName& name) {
    TRY_ASSIGN(const HubModel model, find_shards(access_, name, stop_));
    from_files_ = true;
    for (const HubFile& file : model.shards) {
        manifest_.layers.push_back(
            {.media_type = std::string(layer_type::kModel), .digest = file.digest, .size = file.size
            }
        );
        sources_.push_back(
            {.digest = file.digest, .size = file.size, .url = file.url, .session = model.session}
        );
    }
    return check_manifest(manifest_);
}

void Pull::tell(const BlobSource& blob, std::int64_t completed) const {
    progress_(
        {.status = "pulling " + blob.digest.hex().substr(0, 12),
         .digest = digest_text(blob.digest),
         .total = blob.size,
         .completed = completed}
    );
}

Status Pull::fetch_blobs() {
    std::vector<const BlobSource*> missing;
    for (const BlobSource& source : sources_) {
        if (store_.has_blob(source.digest, source.size))
            tell(source, source.size);
        else
            missing.push_back(&source);
    }
    // Small ones first: what is wrong with them shows before the large ones take their time.
    std::ranges::sort(missing, {}, &BlobSource::size);
    std::vector<Waiting> blobs;
    for (const BlobSource* source : missing)
        blobs.push_back({*source, downloads_.join(*source, store_.blob_path(source->digest))});
    return wait_for(blobs);
}

Status Pull::wait_for(std::vector<Waiting>& blobs) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    std::size_t open = blobs.size();
    while (open > 0) {
        for (Waiting& blob : blobs) {
            if (blob.done) continue;
            const auto result = blob.share.result();
            if (result && !*result) return result->error();
            const std::int64_t completed = result ? blob.source.size : blob.share.completed();
            if (completed != blob.told) tell(blob.source, completed);
            blob.told = completed;
            blob.done = result.has_value();
            if (!blob.done) continue;
            store_.note_checked(blob.source.digest, true);
            --open;
        }
        if (stop_.stop_requested()) return Error{ErrorCode::cancelled, "the pull was stopped"};
        // Nobody notifies: it is a sleep that the caller's leaving ends.
        if (open > 0) changed.wait_for(lock, stop_, kTellEvery, [] { return false; });
    }
    return Ok{};
}

// The config blob, and with it the manifest, of a model that came as bare files.
Status Pull::describe_shards(const Principal& who) {
    const auto first = store_.blob_path(manifest_.layers.front().digest);
    GgufReadOptions options;
    options.name = "the first file of the model";
    TRY_ASSIGN(const GgufFile file, read_gguf(first, options));
    const ModelFacts facts = facts_of(file);
    const ModelConfig config{
        .family = facts.architecture,
        .families = {facts.architecture},
        .parameter_size = facts.parameter_size,
        .file_type = facts.file_type,
        .context_length = facts.context_length,
        .embedding_length = facts.embedding_length
    };
    const std::string text = to_json(config, manifest_.layers);
    const Sha256 digest = sha256(bytes_of(text));
    manifest_.config = {
        .media_type = std::string(kConfigType),
        .digest = digest,
        .size = static_cast<std::int64_t>(text.size())
    };
    std::size_t sent = 0;
    TRY(store_.put_blob(who, digest, [&](std::span<std::byte> buffer) -> Result<std::size_t> {
        const auto piece = bytes_of(text).subspan(sent);
        const std::size_t count = std::min(piece.size(), buffer.size());
        std::ranges::copy(piece.first(count), buffer.begin());
        sent += count;
        return count;
    }));
    manifest_text_ = to_json(manifest_);
    return Ok{};
}

}  // namespace moat::models
