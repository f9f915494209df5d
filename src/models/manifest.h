#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/sha256.h"
#include "models/model_link.h"

// The two JSON files that make an installed model of blobs: the manifest, which lists its layers,
// and the config blob, which describes it. Ollama's formats. Threads: any (values).
namespace moat::models {

namespace layer_type {
inline constexpr std::string_view kModel = "application/vnd.ollama.image.model";
inline constexpr std::string_view kProjector = "application/vnd.ollama.image.projector";
inline constexpr std::string_view kAdapter = "application/vnd.ollama.image.adapter";
inline constexpr std::string_view kTemplate = "application/vnd.ollama.image.template";
inline constexpr std::string_view kPrompt = "application/vnd.ollama.image.prompt";  // old template
inline constexpr std::string_view kSystem = "application/vnd.ollama.image.system";
inline constexpr std::string_view kParameters = "application/vnd.ollama.image.params";
inline constexpr std::string_view kMessages = "application/vnd.ollama.image.messages";
inline constexpr std::string_view kLicense = "application/vnd.ollama.image.license";
inline constexpr std::string_view kDraft = "application/vnd.ollama.image.draft";  // speculative
}  // namespace layer_type

struct Layer {
    std::string media_type;
    Sha256 digest;
    std::int64_t size = 0;
    std::string from{};                  // the model this layer was taken from
    std::optional<LinkedFile> linked{};  // it lies there; its blob is a symbolic link, or nothing
};

struct Manifest {
    Layer config;
    std::vector<Layer> layers;

    std::int64_t total_size() const;  // of all layers and the config
    const Layer* find(std::string_view media_type) const;
    bool uses(const Sha256& digest) const;
    std::vector<Sha256> digests() const;  // of all layers and the config
};

// "sha256:<64 hex>" and, as Ollama's file names have it, "sha256-<64 hex>".
// Errors: invalid_argument "invalid digest format".
Result<Sha256> parse_digest(std::string_view text);
std::string digest_text(const Sha256& digest);  // with the colon

// Errors: corrupt.
Result<Manifest> parse_manifest(std::string_view text);
std::string to_json(const Manifest& manifest);

struct ModelConfig {
    std::string format = "gguf";
    std::string family;
    std::vector<std::string> families;
    std::string parameter_size;  // "1.2B"
    std::string file_type;       // "Q4_K_M"
    std::string renderer;
    std::string parser;
    std::string required_version;
    std::vector<std::string> capabilities;
    int context_length = 0;
    int embedding_length = 0;
};

// Errors: corrupt.
Result<ModelConfig> parse_config(std::string_view text);
// `layers` become its rootfs, as an image's config has it.
std::string to_json(const ModelConfig& config, const std::vector<Layer>& layers);

}  // namespace moat::models
