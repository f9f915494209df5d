// ModelStore: models that come from elsewhere.
#include <mutex>

#include <fmt/format.h>

#include "access/policy.h"
#include "models/gguf_file.h"
#include "models/model_store_shared.h"

namespace moat::models {

Status ModelStore::install(
    const Principal& who,
    const ModelName& name,
    std::string_view manifest_text,
    const ProgressSink& progress
) {
    TRY(access::require(who, Role::admin));
    TRY_ASSIGN(const Manifest manifest, parse_manifest(manifest_text));
    const std::lock_guard lock(shared_->write_mutex);
    TRY(check_installable(manifest));
    const ModelName target = installed_name(name).value_or(name);
    const auto replaced = read_manifest(target);
    progress({.status = "writing manifest"});
    TRY(write_manifest(target, manifest_text));
    if (!replaced) return Ok{};
    auto unused = replaced->digests();
    std::erase_if(unused, [&manifest](const Sha256& digest) { return manifest.uses(digest); });
    if (unused.empty()) return Ok{};
    progress({.status = "removing unused layers"});
    remove_unused(unused);
    return Ok{};
}

Status ModelStore::check_installable(const Manifest& manifest) {
    std::vector<Layer> layers = manifest.layers;
    layers.push_back(manifest.config);
    for (const Layer& layer : layers) {
        // Only who makes a model here may name files outside of the store.
        if (layer.linked)
            return Error{ErrorCode::corrupt, "the manifest of the registry makes no sense"};
        if (!has_blob(layer.digest, layer.size))
            return Error{
                ErrorCode::conflict,
                fmt::format("blob {} was removed meanwhile", digest_text(layer.digest))
            };
        if (layer.media_type != layer_type::kModel || looks_like_gguf(blob_path(layer.digest)))
            continue;
        remove_unused(manifest.digests());
        return Error{ErrorCode::unsupported, "the model is not in GGUF format"};
    }
    TRY_ASSIGN(const auto config, read_blob(manifest.config));
    TRY(parse_config(config));
    return Ok{};
}

}  // namespace moat::models
