#include "models/manifest.h"

#include <algorithm>

namespace moat::models {
namespace {

Error corrupt(std::string message) {
    return Error{ErrorCode::corrupt, std::move(message)};
}

Result<Layer> parse_layer(const json::Value& value) {
    auto digest = parse_digest(json::string_or(value, "digest"));
    if (!digest) return corrupt("a layer of the manifest has no valid digest");
    Layer layer{
        .media_type = json::string_or(value, "mediaType"),
        .digest = *digest,
        .size = json::int_or(value, "size", 0),
        .from = json::string_or(value, "from")
    };
    if (const json::Value* linked = json::find(value, "linked")) {
        layer.linked = LinkedFile{
            .path = json::string_or(*linked, "path"),
            .size = layer.size,
            .modified_ns = json::int_or(*linked, "modified_ns", 0)
        };
    }
    return layer;
}

json::Object layer_json(const Layer& layer) {
    json::Object out{
        {"mediaType", layer.media_type}, {"digest", digest_text(layer.digest)}, {"size", layer.size}
    };
    if (!layer.from.empty()) out["from"] = layer.from;
    if (layer.linked)
        out["linked"] = json::Object{
            {"path", layer.linked->path.string()}, {"modified_ns", layer.linked->modified_ns}
        };
    return out;
}

std::vector<std::string> strings_of(const json::Value& value, std::string_view key) {
    std::vector<std::string> out;
    if (const json::Array* list = json::find_array(value, key))
        for (const auto& item : *list)
            if (item.is_string()) out.emplace_back(json::view(item.get_string()));
    return out;
}

json::Array array_of(const std::vector<std::string>& texts) {
    return json::Array(texts.begin(), texts.end());
}

void put(json::Object& out, std::string_view key, const std::string& text) {
    if (!text.empty()) out[key] = text;
}

}  // namespace

Result<Sha256> parse_digest(std::string_view text) {
    const bool named = text.starts_with("sha256:") || text.starts_with("sha256-");
    auto digest = parse_sha256(named ? text.substr(7) : std::string_view());
    if (!named || !digest) return Error{ErrorCode::invalid_argument, "invalid digest format"};
    return digest;
}

std::string digest_text(const Sha256& digest) {
    return "sha256:" + digest.hex();
}

std::int64_t Manifest::total_size() const {
    std::int64_t total = config.size;
    for (const Layer& layer : layers)
        total += layer.size;
    return total;
}

const Layer* Manifest::find(std::string_view media_type) const {
    const auto found = std::ranges::find(layers, media_type, &Layer::media_type);
    return found == layers.end() ? nullptr : &*found;
}

bool Manifest::uses(const Sha256& digest) const {
    return config.digest == digest ||
           std::ranges::find(layers, digest, &Layer::digest) != layers.end();
}

std::vector<Sha256> Manifest::digests() const {
    std::vector<Sha256> out = {config.digest};
    for (const Layer& layer : layers)
        out.push_back(layer.digest);
    return out;
}

Result<Manifest> parse_manifest(std::string_view text) {
    const auto value = json::read(text);
    if (!value) return corrupt("the manifest is not JSON: " + value.error().message);
    const json::Value* config = json::find(*value, "config");
    const json::Array* layers = json::find_array(*value, "layers");
    if (!config || !layers) return corrupt("the manifest lacks its config or its layers");
    Manifest out;
    TRY_ASSIGN(out.config, parse_layer(*config));
    for (const auto& item : *layers) {
        TRY_ASSIGN(auto layer, parse_layer(item));
        out.layers.push_back(std::move(layer));
    }
    return out;
}

std::string to_json(const Manifest& manifest) {
    json::Array layers;
    for (const Layer& layer : manifest.layers)
        layers.push_back(layer_json(layer));
    return json::write(json::Object{
        {"schemaVersion", 2},
        {"mediaType", "application/vnd.docker.distribution.manifest.v2+json"},
        {"config", layer_json(manifest.config)},
        {"layers", std::move(layers)}
    });
}

Result<ModelConfig> parse_config(std::string_view text) {
    const auto value = json::read(text);
    if (!value) return corrupt("the config is not JSON: " + value.error().message);
    return ModelConfig{
        .format = json::string_or(*value, "model_format", "gguf"),
        .family = json::string_or(*value, "model_family"),
        .families = strings_of(*value, "model_families"),
        .parameter_size = json::string_or(*value, "model_type"),
        .file_type = json::string_or(*value, "file_type"),
        .renderer = json::string_or(*value, "renderer"),
        .parser = json::string_or(*value, "parser"),
        .required_version = json::string_or(*value, "requires"),
        .capabilities = strings_of(*value, "capabilities"),
        .context_length = static_cast<int>(json::int_or(*value, "context_length", 0)),
        .embedding_length = static_cast<int>(json::int_or(*value, "embedding_length", 0))
    };
}

std::string to_json(const ModelConfig& config, const std::vector<Layer>& layers) {
    json::Array digests;
    for (const Layer& layer : layers)
        digests.push_back(json::Value(digest_text(layer.digest)));
    json::Object out{
        {"model_format", config.format},
        {"model_family", config.family},
        {"model_families", array_of(config.families)},
        {"model_type", config.parameter_size},
        {"file_type", config.file_type}
    };
    put(out, "renderer", config.renderer);
    put(out, "parser", config.parser);
    put(out, "requires", config.required_version);
    if (!config.capabilities.empty()) out["capabilities"] = array_of(config.capabilities);
    if (config.context_length > 0) out["context_length"] = config.context_length;
    if (config.embedding_length > 0) out["embedding_length"] = config.embedding_length;
    out["architecture"] = "amd64";
    out["os"] = "linux";
    out["rootfs"] = json::Object{{"type", "layers"}, {"diff_ids", std::move(digests)}};
    return json::write(out);
}

}  // namespace moat::models
