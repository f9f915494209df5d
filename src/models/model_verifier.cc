#include <fcntl.h>
#include <set>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/fd.h"
#include "base/log.h"
#include "models/model_store_shared.h"

namespace moat::models {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::int64_t kTellEvery = std::int64_t{256} << 20;

bool is_text(const Layer& layer) {
    const std::string& type = layer.media_type;
    return type != layer_type::kModel && type != layer_type::kProjector &&
           type != layer_type::kAdapter && type != layer_type::kDraft;
}

}  // namespace

// One run of ModelStore::verify().
class ModelVerifier {
  public:
    ModelVerifier(ModelStore& store, const VerifySink& sink, const std::stop_token& stop)
        : store_(store), sink_(sink), stop_(stop) {}

    Result<bool> check(const ModelName& name);

  private:
    Result<BlobState> state_of(const std::string& model, const Layer& layer);
    Result<BlobState> hash(const std::string& model, const Layer& layer);

    ModelStore& store_;
    const VerifySink& sink_;
    const std::stop_token& stop_;
    std::map<Sha256, BlobState> known_;  // models share blobs
};

Result<bool> ModelVerifier::check(const ModelName& name) {
    const std::string model = name.display();
    auto manifest = store_.read_manifest(name);
    if (!manifest) {
        sink_({.model = model, .state = BlobState::unreadable});
        return false;
    }
    std::vector<Layer> layers = manifest->layers;
    layers.push_back(manifest->config);
    bool good = true;
    for (const Layer& layer : layers) {
        TRY_ASSIGN(const BlobState state, state_of(model, layer));
        sink_({.model = model, .layer = layer, .state = state, .completed = layer.size});
        good = good && state == BlobState::good;
    }
    return good;
}

Result<BlobState> ModelVerifier::state_of(const std::string& model, const Layer& layer) {
    if (const auto found = known_.find(layer.digest); found != known_.end()) return found->second;
    TRY_ASSIGN(const BlobState state, hash(model, layer));
    known_[layer.digest] = state;
    if (state == BlobState::missing || is_text(layer) || layer.linked) return state;
    store_.note_checked(layer.digest, state == BlobState::good);
    return state;
}

Result<BlobState> ModelVerifier::hash(const std::string& model, const Layer& layer) {
    const Fd file(::open(store_.path_of(layer).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return errno == ENOENT ? BlobState::missing : BlobState::unreadable;
    Sha256Stream digest;
    Bytes buffer(kPieceBytes);
    std::int64_t done = 0;
    for (;;) {
        const auto count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return BlobState::unreadable;
        if (count == 0) break;
        digest.update(BytesView(buffer).first(static_cast<std::size_t>(count)));
        const std::int64_t before = std::exchange(done, done + count);
        if (before / kTellEvery != done / kTellEvery)
            sink_({.model = model, .layer = layer, .completed = done});
        if (stop_.stop_requested()) return Error{ErrorCode::cancelled, "the check was stopped"};
    }
    const bool good = done == layer.size && digest.finish() == layer.digest;
    return good ? BlobState::good : BlobState::damaged;
}

Result<bool> ModelStore::verify(
    const Principal& who,
    const std::vector<std::string>& names,
    const VerifySink& sink,
    const std::stop_token& stop
) {
    TRY(access::require(who, Role::admin));
    std::vector<ModelName> models;
    for (const std::string& name : names) {
        TRY_ASSIGN(const ModelName parsed, parse_model_name(name));
        const auto installed = resolve(parsed);
        if (!installed)
            return Error{ErrorCode::not_found, fmt::format("model '{}' not found", name)};
        models.push_back(*installed);
    }
    if (names.empty()) models = names_below("manifests");
    ModelVerifier verifier(*this, sink, stop);
    bool good = true;
    for (const ModelName& name : models) {
        TRY_ASSIGN(const bool whole, verifier.check(name));
        good = good && whole;
    }
    return good;
}

void ModelStore::note_checked(const Sha256& digest, bool good) {
    const Status recorded = shared_->checks.record(digest, blob_path(digest), good);
    if (!recorded)
        log::warning("a check of a blob is not remembered: {}", recorded.error().message);
}

Status ModelStore::check_blobs(const std::string& model, const Manifest& manifest) const {
    for (const Layer& layer : manifest.layers) {
        if (layer.linked) continue;  // somebody else's file: check_links() looks after it
        const auto path = blob_path(layer.digest);
        const auto damaged = [&](std::string_view what) {
            return Error{
                ErrorCode::corrupt,
                fmt::format(
                    "blob {} {}; pull or create the model again", digest_text(layer.digest), what
                )
            };
        };
        std::error_code error;
        const auto size = std::filesystem::file_size(path, error);
        if (error) return damaged("is missing");
        if (static_cast<std::int64_t>(size) != layer.size)
            return damaged(fmt::format("has {} bytes instead of {}", size, layer.size));
        if (is_text(layer)) continue;
        const auto checked = shared_->checks.find(layer.digest, path);
        if (checked == false) return damaged("is damaged: it does not have its digest");
        if (!checked && shared_->first_time(layer.digest))
            log::info(
                "the digest of a file of {} was never checked on this machine; `moat verify {}` "
                "does",
                model,
                model
            );
    }
    return Ok{};
}

}  // namespace moat::models
