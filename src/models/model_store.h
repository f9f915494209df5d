#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
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
#include "models/manifest.h"
#include "models/model_alias.h"
#include "models/model_facts.h"
#include "models/model_name.h"
#include "models/progress.h"
#include "models/prompt_template.h"
#include "models/quantizer.h"

// Installed models in Ollama's on-disk layout, so that an existing store can be used in place:
//   <root>/manifests/<host>/<namespace>/<model>/<tag>    <root>/blobs/sha256-<hex>
// and, beside it, <root>/aliases/<host>/<namespace>/<model>/<tag> (docs/formats/models.md).
//
// Threads: any; copies share one store. All calls block on the disk.
// Owns:    nothing exclusively; another Ollama may use the same folder. Blobs and manifests are
//          written beside and renamed, so that neither is ever seen half.
// Errors:  in Ollama's words where clients match on them (not_found: model 'x' not found).
namespace moat::models {

struct ModelDetails {
    std::string parent_model;
    std::string format = "gguf";
    std::string family;  // the architecture: "llama"
    std::vector<std::string> families;
    std::string parameter_size;      // "1.2B"
    std::string quantization_level;  // "Q4_K_M"
    int context_length = 0;
    int embedding_length = 0;
};

// Everything about one installed model but its tensors.
struct Model {
    ModelName name;
    std::string alias_of{};  // of an alias in list(): the model it stands for
    std::string digest;      // SHA-256 of the manifest file, 64 hex digits
    std::int64_t size = 0;   // bytes of all layers
    Time modified_at;
    ModelDetails details;
    std::vector<std::string> capabilities;      // completion, embedding, tools, vision ...
    std::filesystem::path gguf;                 // the first of its shards, when there are several
    std::vector<std::filesystem::path> shards;  // all of them in order; empty: gguf is all
    std::vector<LinkedFile> links;  // files that are no blobs: check_links() before they are loaded
    std::vector<std::filesystem::path> adapters;
    std::filesystem::path projector;
    std::filesystem::path draft;                 // a small model that guesses for it; empty: none
    std::optional<std::string> prompt_template;  // TEMPLATE of the Modelfile
    std::optional<PromptTemplate> parsed_template;
    std::string chat_template;  // the Jinja template of the file; empty when it has none
    std::string system;
    json::Object parameters;  // of the Modelfile; stop is an array
    std::vector<ChatMessage> messages;
    std::vector<std::string> licenses;
    std::string renderer;
    std::string parser;
    std::string required_version;

    bool can(std::string_view capability) const;
    std::vector<std::filesystem::path> files() const;  // of the weights: the shards, or gguf
};

// As `moat create` sends it: a Modelfile whose files are blobs already.
struct CreateRequest {
    std::string name;
    std::string from{};                                        // an installed model, or empty
    std::vector<std::pair<std::string, std::string>> files{};  // file name, sha256:<hex> of a blob
    // File name, path on this machine: used where it lies, without a copy.
    std::vector<std::pair<std::string, std::string>> links{};
    std::vector<std::pair<std::string, std::string>> adapters{};
    std::vector<std::pair<std::string, std::string>> drafts{};
    std::string quantize{};        // a type of models/quantizer.h; empty: as they are
    std::string draft_quantize{};  // the same, of the draft model
    // An importance matrix for `quantize`; some types cannot do without.
    std::vector<std::pair<std::string, std::string>> importance{};
    std::optional<std::string> prompt_template{};
    std::optional<std::string> system{};
    json::Object parameters{};
    std::vector<ChatMessage> messages{};
    std::vector<std::string> licenses{};
    std::optional<std::string> renderer{};
    std::optional<std::string> parser{};
    std::optional<std::string> required_version{};
    std::stop_token stop{};  // ends the conversion of safetensors, which leaves nothing behind
    json::Object info{};     // what the config says in place of the file: context_length, ...
};

// Brings a model that is not installed, under the name it was asked for by.
using Puller = std::function<
    Status(const Principal& who, const std::string& name, const ProgressSink& progress)>;

// What a store hands work to. Without one, what needs it is refused.
struct StoreTools {
    std::shared_ptr<Quantizer> quantizer{};
    Puller pull{};  // for a `from` that is not installed
};

// What verify() found of one blob, or how far it is with it.
enum class BlobState { in_progress, good, damaged, missing, unreadable };
struct VerifyProgress {
    std::string model;
    Layer layer{};  // nothing when the model's manifest cannot be read
    BlobState state = BlobState::in_progress;
    std::int64_t completed = 0;  // bytes
};
using VerifySink = std::function<void(const VerifyProgress&)>;

class ModelStore {
  public:
    // Makes the folders when absent. Errors: io.
    static Result<ModelStore> open(std::filesystem::path root);
    // Before the first create(); not to be called beside others.
    void use(StoreTools tools);

    // By any spelling of its name, case-insensitive; by an alias; by a shortened version, which is
    // its newest ("m:1.2" is m:1.2.9). Errors: not_found, invalid_argument, corrupt.
    Result<Model> find(const Principal& who, std::string_view name) const;
    // Newest first, aliases among them; what cannot be read is left out and logged.
    Result<std::vector<Model>> list(const Principal& who) const;

    // Files are checked (GGUF, every tensor within the file, all shards there) before anything is
    // written; those of a model in safetensors become one GGUF file. A model of that name is
    // replaced in one step. Cost: reads the heads of the files only, unless they are converted or
    // quantized; other calls go on meanwhile.
    // Errors: forbidden, invalid_argument, not_found (the model in `from`), corrupt, unsupported,
    // cancelled, io.
    Status create(const Principal& who, const CreateRequest& request, const ProgressSink& progress);
    Status copy(const Principal& who, std::string_view source, std::string_view destination);
    // Removes the manifest, then the blobs no other manifest uses. A linked file stays.
    // Errors: not_found, conflict (an alias stands for it, or it is an alias), io.
    Status remove(const Principal& who, std::string_view name);
    // What remove() would say before it removes anything.
    Status check_removable(const Principal& who, std::string_view name) const;

    // Aliases. A switch is one rename: every find() has the old model or the new one, and who has
    // found the old one goes on with it.
    Result<std::vector<ModelAlias>> aliases(const Principal& who) const;
    // Makes or switches it; `target` as find() takes it, and fixed to the model that is now.
    // Errors: not_found (the target), conflict (a model is installed by that name), io.
    Result<ModelAlias> set_alias(
        const Principal& who, std::string_view name, std::string_view target
    );
    // Back to the target before. Errors: not_found, conflict (there was none), io.
    Result<ModelAlias> roll_back_alias(const Principal& who, std::string_view name);
    Status remove_alias(const Principal& who, std::string_view name);

    // Removes blobs that no manifest names and that are older than an hour, and what is left of
    // broken downloads after a week; how many. Does nothing in a store that Moat did not begin,
    // unless told. Errors: corrupt: a manifest cannot be read, so nothing is known to be unused.
    Result<std::size_t> prune(bool also_foreign);

    // Puts a model that came from elsewhere under its name in one step, with the bytes of its
    // manifest; its blobs must be here. A model of that name is replaced, and blobs that only it
    // used go. Errors: forbidden, conflict (a blob is not here any more), corrupt, unsupported (not
    // in GGUF), io.
    Status install(
        const Principal& who,
        const ModelName& name,
        std::string_view manifest_text,
        const ProgressSink& progress
    );
    // The bytes of a model's manifest. Errors: not_found, invalid_argument, io.
    Result<std::string> manifest_text(const Principal& who, std::string_view name) const;

    // Hashes every blob of these models (none: of all) and remembers the result: a damaged one is
    // refused when its model is loaded. True when all are good. Cost: reads all files.
    // Errors: forbidden, not_found, invalid_argument, cancelled.
    Result<bool> verify(
        const Principal& who,
        const std::vector<std::string>& names,
        const VerifySink& sink,
        const std::stop_token& stop
    );
    // Remembers that the blob was hashed on this machine, and how it came out.
    void note_checked(const Sha256& digest, bool good);

    // Blobs. put_blob takes the bytes in pieces: `next` fills a buffer and returns the count, 0 at
    // the end. Errors: invalid_argument when the digest does not match, io.
    bool has_blob(const Sha256& digest) const;
    // has_blob() for a client that is about to use the blob: for an hour, or until a create() takes
    // it, nobody's remove() takes it away.
    bool keep_blob(const Sha256& digest) const;
    // Of this length, and not a link to somebody's file.
    bool has_blob(const Sha256& digest, std::int64_t size) const;
    using Pieces = std::function<Result<std::size_t>(std::span<std::byte> buffer)>;
    Status put_blob(const Principal& who, const Sha256& digest, const Pieces& next);
    std::filesystem::path blob_path(const Sha256& digest) const;

  private:
    friend class ModelCreator;
    friend class BlobPins;
    friend class ModelVerifier;
    struct Shared;  // what threads of one store share
    explicit ModelStore(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

    // The name as its files spell it, when it is installed.
    std::optional<ModelName> installed_name(const ModelName& name) const;
    std::optional<ModelName> alias_name(const ModelName& name) const;
    // Of a file below <root>/<folder>; without the tag only down to its directory.
    std::optional<ModelName> spelled_below(
        std::string_view folder, const ModelName& name, bool with_tag = true
    ) const;
    // The installed model a name means: itself, what an alias stands for, or the newest version.
    std::optional<ModelName> resolve(const ModelName& name) const;
    std::optional<ModelName> newest_version(const ModelName& name) const;
    static Status mark_as_ours(const std::filesystem::path& root);
    std::filesystem::path alias_file(const ModelName& name) const;
    Result<ModelAlias> read_alias(const ModelName& name) const;
    Status check_no_alias(const ModelName& name) const;
    Status check_not_aliased(const ModelName& name) const;
    // Writes a manifest or an alias, whole or not at all.
    Status write_name_file(std::string_view folder, const ModelName& name, std::string_view text);
    // Removes the file and the folders above it that are empty then.
    Status remove_name_file(std::string_view folder, const ModelName& name);
    std::filesystem::path manifest_file(const ModelName& name) const;
    std::vector<ModelName> names_below(std::string_view folder) const;
    Result<Manifest> read_manifest(const ModelName& name) const;
    Result<Model> read_model(const ModelName& name) const;
    Status read_layers(Model& model, const Manifest& manifest) const;
    Status describe(Model& model, const Manifest& manifest) const;
    Result<std::string> read_blob(const Layer& layer) const;
    // Cheap: that the files of a model are there, as long as they should be, and not known damaged.
    Status check_blobs(const std::string& model, const Manifest& manifest) const;
    Result<ModelFacts> facts_of_blob(const Sha256& digest) const;
    Result<ModelFacts> facts_of_layer(const Layer& weights, const std::string& family) const;
    bool has_own_blob(const Sha256& digest) const;  // not a link to somebody's file
    std::filesystem::path path_of(const Layer& layer) const;
    Status write_manifest(const ModelName& name, std::string_view text);
    // All blobs are here, and the weights are what can be run.
    Status check_installable(const Manifest& manifest);
    Status put_text(const Sha256& digest, std::string_view text);
    bool must_stay(const Sha256& digest) const;  // pinned or announced; under write_mutex
    // Of these blobs, those that no manifest uses and that need not stay; under write_mutex.
    void remove_unused(const std::vector<Sha256>& blobs);

    std::shared_ptr<Shared> shared_;
};

}  // namespace moat::models
