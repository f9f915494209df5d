#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/principal.h"
#include "base/result.h"
#include "base/sha256.h"
#include "models/chat.h"
#include "models/model_name.h"

// Installed models in Ollama's on-disk layout, so that an existing store can be used in place:
//   <root>/manifests/<host>/<namespace>/<model>/<tag>    <root>/blobs/sha256-<hex>
//
// Threads: any. Owns: nothing exclusively; another Ollama may use the same folder.
// Errors:  in Ollama's words where clients match on them (not_found: model 'x' not found).
namespace moat::models {

struct ModelDetails {
    std::string parent_model;
    std::string format = "gguf";
    std::string family;
    std::vector<std::string> families;
    std::string parameter_size;      // "1.2B"
    std::string quantization_level;  // "Q4_K_M"
    int context_length = 0;
    int embedding_length = 0;
};

// Everything about one installed model but its tensors.
struct Model {
    ModelName name;
    std::string digest;     // SHA-256 of the manifest file, 64 hex digits
    std::int64_t size = 0;  // bytes of all layers
    Time modified_at;
    ModelDetails details;
    std::vector<std::string>
        capabilities;  // completion, embedding, tools, thinking, vision, insert
    std::filesystem::path gguf;
    std::vector<std::filesystem::path> adapters;
    std::filesystem::path projector;
    std::optional<std::string> prompt_template;  // TEMPLATE of the Modelfile
    std::string system;
    json::Object parameters;  // of the Modelfile; stop is an array
    std::vector<ChatMessage> messages;
    std::vector<std::string> licenses;

    bool can(std::string_view capability) const;
};

// One line of progress of create(): Ollama's status texts.
using ProgressSink = std::function<void(const std::string& status)>;

struct CreateRequest {
    std::string name;
    std::string from;                                        // an installed model, or empty
    std::vector<std::pair<std::string, std::string>> files;  // file name, sha256:<hex> of a blob
    std::vector<std::pair<std::string, std::string>> adapters;
    std::optional<std::string> prompt_template;
    std::optional<std::string> system;
    json::Object parameters;
    std::vector<ChatMessage> messages;
    std::vector<std::string> licenses;
};

class ModelStore {
  public:
    // Makes the folders when absent. Errors: io.
    static Result<ModelStore> open(std::filesystem::path root);

    // By any spelling of its name, case-insensitive. Errors: not_found, invalid_argument, corrupt.
    Result<Model> find(const Principal& who, std::string_view name) const;
    // Newest first; models whose manifest cannot be read are left out and logged.
    Result<std::vector<Model>> list(const Principal& who) const;

    Status create(const Principal& who, const CreateRequest& request, const ProgressSink& progress);
    Status copy(const Principal& who, std::string_view source, std::string_view destination);
    // Removes the manifest, then the blobs no other manifest uses.
    Status remove(const Principal& who, std::string_view name);

    // Blobs. put_blob takes the bytes in pieces: `next` fills a buffer and returns the count, 0 at
    // the end. Errors: invalid_argument when the digest does not match, io.
    bool has_blob(const Sha256& digest) const;
    using Pieces = std::function<Result<std::size_t>(std::span<std::byte> buffer)>;
    Status put_blob(const Principal& who, const Sha256& digest, const Pieces& next);
    std::filesystem::path blob_path(const Sha256& digest) const;

  private:
    explicit ModelStore(std::filesystem::path root) : root_(std::move(root)) {}

    std::filesystem::path root_;
};

}  // namespace moat::models
