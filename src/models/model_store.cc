#include "models/model_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <sys/stat.h>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/file.h"
#include "base/log.h"
#include "models/blob_writer.h"
#include "models/model_creator.h"
#include "models/model_store_shared.h"

namespace moat::models {
namespace {

constexpr auto kAnnouncedStays = std::chrono::hours(1);
constexpr std::size_t kMaxTextBytes = std::size_t{32} << 20;  // of a manifest or a text layer

Error not_found(std::string_view name) {
    return Error{ErrorCode::not_found, fmt::format("model '{}' not found", name)};
}

// The entry of `directory` that is `name` but for case; exact spelling wins.
std::optional<std::string> entry_without_case(
    const std::filesystem::path& directory, const std::string& name
) {
    std::error_code error;
    if (std::filesystem::exists(directory / name, error)) return name;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        std::string found = entry.path().filename().string();
        if (equal_without_case(found, name)) return found;
    }
    return std::nullopt;
}

Time modified_at(const std::filesystem::path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return {};
    const auto since =
        std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
    return Time(std::chrono::duration_cast<Time::duration>(since));
}

std::vector<std::string> subdirectories(const std::filesystem::path& path) {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error))
        out.push_back(entry.path().filename().string());
    return out;
}

// Removes the folders above a manifest that became empty.
void remove_empty_parents(std::filesystem::path path, const std::filesystem::path& root) {
    std::error_code error;
    for (path = path.parent_path(); path != root; path = path.parent_path())
        if (!std::filesystem::remove(path, error)) return;
}

std::vector<ChatMessage> messages_from(const json::Value& list) {
    std::vector<ChatMessage> out;
    if (!list.is_array()) return out;
    for (const auto& item : list.get_array())
        out.push_back(
            {.role = json::string_or(item, "role"), .content = json::string_or(item, "content")}
        );
    return out;
}

}  // namespace

Result<ModelStore> ModelStore::open(std::filesystem::path root) {
    std::error_code error;
    if (!std::filesystem::exists(root / "manifests", error)) {
        TRY(make_directories(root));
        TRY(mark_as_ours(root));
    }
    TRY(make_directories(root / "manifests"));
    TRY(make_directories(root / "blobs"));
    return ModelStore(std::make_shared<Shared>(std::move(root)));
}

void ModelStore::use(StoreTools tools) {
    shared_->tools = std::move(tools);
}

std::filesystem::path ModelStore::blob_path(const Sha256& digest) const {
    return shared_->root / "blobs" / ("sha256-" + digest.hex());
}

bool ModelStore::has_blob(const Sha256& digest) const {
    std::error_code error;
    const auto path = blob_path(digest);
    // A file that is known to be damaged is as good as none.
    return std::filesystem::is_regular_file(path, error) &&
           shared_->checks.find(digest, path) != false;
}

bool ModelStore::has_blob(const Sha256& digest, std::int64_t size) const {
    std::error_code error;
    const auto found = std::filesystem::file_size(blob_path(digest), error);
    return !error && static_cast<std::int64_t>(found) == size && has_own_blob(digest);
}

bool ModelStore::has_own_blob(const Sha256& digest) const {
    std::error_code error;
    return has_blob(digest) && !std::filesystem::is_symlink(blob_path(digest), error);
}

std::filesystem::path ModelStore::path_of(const Layer& layer) const {
    return layer.linked ? layer.linked->path : blob_path(layer.digest);
}

bool ModelStore::keep_blob(const Sha256& digest) const {
    const std::lock_guard lock(shared_->write_mutex);
    // A linked file may change: who uploads is to have a copy.
    if (!has_own_blob(digest)) return false;
    shared_->announced[digest] = std::chrono::steady_clock::now();
    return true;
}

Status ModelStore::put_blob(const Principal& who, const Sha256& digest, const Pieces& next) {
    TRY(access::require(who, Role::admin));
    if (keep_blob(digest)) return Ok{};
    TRY(write_blob(blob_path(digest), digest, next));
    note_checked(digest, true);
    keep_blob(digest);
    return Ok{};
}

std::filesystem::path ModelStore::manifest_file(const ModelName& name) const {
    return shared_->root / "manifests" / name.manifest_path();
}

std::optional<ModelName> ModelStore::spelled_below(
    std::string_view folder, const ModelName& name, bool with_tag
) const {
    std::filesystem::path path = shared_->root / folder;
    ModelName out = name;
    std::vector<std::string*> parts = {&out.host, &out.name_space, &out.model};
    if (with_tag) parts.push_back(&out.tag);
    for (std::string* part : parts) {
        auto found = entry_without_case(path, *part);
        if (!found) return std::nullopt;
        *part = std::move(*found);
        path /= *part;
    }
    std::error_code error;
    if (with_tag && !std::filesystem::is_regular_file(path, error)) return std::nullopt;
    return out;
}

std::optional<ModelName> ModelStore::installed_name(const ModelName& name) const {
    return spelled_below("manifests", name);
}

std::vector<ModelName> ModelStore::names_below(std::string_view folder) const {
    const auto root = shared_->root / folder;
    std::vector<ModelName> out;
    for (const auto& host : subdirectories(root))
        for (const auto& name_space : subdirectories(root / host))
            for (const auto& model : subdirectories(root / host / name_space))
                for (const auto& tag : subdirectories(root / host / name_space / model))
                    out.push_back({host, name_space, model, tag});
    return out;
}

Result<Manifest> ModelStore::read_manifest(const ModelName& name) const {
    TRY_ASSIGN(const auto text, read_file(manifest_file(name), kMaxTextBytes));
    return parse_manifest(text);
}

Result<std::string> ModelStore::read_blob(const Layer& layer) const {
    auto text = read_file(blob_path(layer.digest), kMaxTextBytes);
    if (text) return text;
    // A caller knows digests, not paths.
    const bool absent =
        text.error().code == ErrorCode::io || text.error().code == ErrorCode::not_found;
    return Error{
        absent ? ErrorCode::corrupt : text.error().code,
        fmt::format("blob {} of the model cannot be read", digest_text(layer.digest))
    };
}

Result<ModelFacts> ModelStore::facts_of_blob(const Sha256& digest) const {
    {
        const std::lock_guard lock(shared_->facts_mutex);
        if (const auto found = shared_->facts.find(digest); found != shared_->facts.end())
            return found->second;
    }
    GgufReadOptions options;
    options.name = digest_text(digest);
    TRY_ASSIGN(const auto file, read_gguf(blob_path(digest), options));
    const ModelFacts facts = facts_of(file);
    const std::lock_guard lock(shared_->facts_mutex);
    shared_->facts.insert_or_assign(digest, facts);
    return facts;
}

Result<ModelFacts> ModelStore::facts_of_layer(const Layer& weights, const std::string& family)
    const {
    auto facts = facts_of_blob(weights.digest);
    if (facts || !weights.linked) return facts;
    // The file went; what the config says is enough to list the model, and to remove it.
    return ModelFacts{.architecture = family};
}

Result<Model> ModelStore::find(const Principal& who, std::string_view name) const {
    TRY(access::require(who, Role::user));
    TRY_ASSIGN(const ModelOrigin origin, model_origin(name));
    const auto parsed = parse_model_name(name);
    const auto installed = parsed ? resolve(*parsed) : std::nullopt;
    // A tag may be called so, too.
    if (!installed && origin.local) return find(who, origin.name);
    if (!parsed) return parsed.error();
    if (!installed && origin.cloud)
        return Error{ErrorCode::forbidden, "ollama cloud is disabled: remote model is unavailable"};
    if (!installed) return not_found(name);
    const auto in_words = [name](const Error& error) {
        return Error{error.code, fmt::format("model '{}' cannot be read: {}", name, error.message)};
    };
    const auto manifest = read_manifest(*installed);
    if (!manifest) return in_words(manifest.error());
    if (const Status whole = check_blobs(installed->display(), *manifest); !whole)
        return in_words(whole.error());
    auto model = read_model(*installed);
    if (!model) return in_words(model.error());
    return model;
}

Result<std::vector<Model>> ModelStore::list(const Principal& who) const {
    TRY(access::require(who, Role::user));
    std::vector<Model> out;
    for (const ModelName& name : names_below("manifests")) {
        auto model = read_model(name);
        if (model) {
            out.push_back(std::move(*model));
        } else {
            log::warning("model {} is left out: {}", name.display(), model.error().message);
        }
    }
    TRY_ASSIGN(const auto others, aliases(who));
    for (const ModelAlias& alias : others) {
        auto model = find(who, alias.target());
        if (!model) continue;  // it was logged above
        model->alias_of = model->name.display();
        model->name = alias.name;
        model->modified_at = alias.steps.back().since;
        out.push_back(std::move(*model));
    }
    std::ranges::sort(out, std::greater(), &Model::modified_at);
    return out;
}

Result<Model> ModelStore::read_model(const ModelName& name) const {
    const auto path = manifest_file(name);
    TRY_ASSIGN(const auto text, read_file(path, kMaxTextBytes));
    TRY_ASSIGN(const auto manifest, parse_manifest(text));
    TRY_ASSIGN(const auto config_text, read_blob(manifest.config));
    TRY_ASSIGN(const ModelConfig config, parse_config(config_text));

    Model model;
    model.name = name;
    model.digest = sha256(bytes_of(text)).hex();
    model.size = manifest.total_size();
    model.modified_at = modified_at(path);
    model.details.format = config.format;
    model.details.family = config.family;
    model.details.families = config.families;
    model.details.parameter_size = config.parameter_size;
    model.details.quantization_level = config.file_type;
    model.details.context_length = config.context_length;
    model.details.embedding_length = config.embedding_length;
    model.renderer = config.renderer;
    model.parser = config.parser;
    model.required_version = config.required_version;
    model.capabilities = config.capabilities;
    TRY(read_layers(model, manifest));
    return model;
}

Status ModelStore::read_layers(Model& model, const Manifest& manifest) const {
    for (const Layer& layer : manifest.layers) {
        const std::string& type = layer.media_type;
        const bool is_text = type == layer_type::kTemplate || type == layer_type::kPrompt ||
                             type == layer_type::kSystem || type == layer_type::kLicense ||
                             type == layer_type::kParameters || type == layer_type::kMessages;
        if (layer.linked) model.links.push_back(*layer.linked);
        std::string text;
        if (is_text) {
            TRY_ASSIGN(text, read_blob(layer));
        }
        if (type == layer_type::kModel) {
            model.shards.push_back(path_of(layer));
            model.details.parent_model = layer.from;
        } else if (type == layer_type::kProjector) {
            model.projector = path_of(layer);
        } else if (type == layer_type::kAdapter) {
            model.adapters.push_back(blob_path(layer.digest));
        } else if (type == layer_type::kDraft) {
            model.draft = blob_path(layer.digest);
        } else if (type == layer_type::kTemplate || type == layer_type::kPrompt) {
            model.prompt_template = std::move(text);
        } else if (type == layer_type::kSystem) {
            model.system = std::move(text);
        } else if (type == layer_type::kLicense) {
            model.licenses.push_back(std::move(text));
        } else if (type == layer_type::kParameters) {
            TRY_ASSIGN(const auto parameters, json::read(text));
            if (parameters.is_object()) model.parameters = parameters.get_object();
        } else if (type == layer_type::kMessages) {
            TRY_ASSIGN(const auto messages, json::read(text));
            model.messages = messages_from(messages);
        }
    }
    if (!model.shards.empty()) model.gguf = model.shards.front();
    if (model.shards.size() == 1) model.shards.clear();
    return describe(model, manifest);
}

Status ModelStore::describe(Model& model, const Manifest& manifest) const {
    const Layer* weights = manifest.find(layer_type::kModel);
    if (!weights) return Error{ErrorCode::unsupported, "it has no GGUF layer"};
    TRY_ASSIGN(const ModelFacts facts, facts_of_layer(*weights, model.details.family));
    if (model.prompt_template) {
        auto parsed = PromptTemplate::parse(*model.prompt_template);
        if (!parsed) return Error{ErrorCode::corrupt, parsed.error().message};
        model.parsed_template = std::move(*parsed);
    }
    const PromptTemplate* prompt = model.parsed_template ? &*model.parsed_template : nullptr;
    std::optional<ModelFacts> projector;
    if (const Layer* layer = manifest.find(layer_type::kProjector)) {
        TRY_ASSIGN(projector, facts_of_layer(*layer, "clip"));
    }
    for (std::string& capability :
         capabilities_of(facts, prompt, projector ? &*projector : nullptr))
        if (!model.can(capability)) model.capabilities.push_back(std::move(capability));
    model.chat_template = facts.chat_template;

    ModelDetails& details = model.details;
    if (details.family.empty()) details.family = facts.architecture;
    if (details.families.empty()) details.families = {details.family};
    if (details.parameter_size.empty()) details.parameter_size = facts.parameter_size;
    if (details.quantization_level.empty()) details.quantization_level = facts.file_type;
    if (details.context_length == 0) details.context_length = facts.context_length;
    if (details.embedding_length == 0) details.embedding_length = facts.embedding_length;
    return Ok{};
}

bool Model::can(std::string_view capability) const {
    return std::ranges::find(capabilities, capability) != capabilities.end();
}

std::vector<std::filesystem::path> Model::files() const {
    return shards.empty() ? std::vector{gguf} : shards;
}

Status ModelStore::write_manifest(const ModelName& name, std::string_view text) {
    TRY(check_no_alias(name));
    return write_name_file("manifests", name, text);
}

Status ModelStore::write_name_file(
    std::string_view folder, const ModelName& name, std::string_view text
) {
    const auto path = shared_->root / folder / name.manifest_path();
    TRY(make_directories(path.parent_path()));
    // Not beside its final place: what a crash left there would look like a tag.
    const auto staged = temporary_beside(shared_->root / "blobs" / "manifest");
    TRY(write_file_atomically(staged, bytes_of(text)));
    return publish_file(staged, path);
}

Status ModelStore::put_text(const Sha256& digest, std::string_view text) {
    if (has_blob(digest)) return Ok{};
    return write_file_atomically(blob_path(digest), bytes_of(text));
}

Status ModelStore::copy(
    const Principal& who, std::string_view source, std::string_view destination
) {
    TRY(access::require(who, Role::admin));
    const auto from = parse_model_name(source);
    if (!from)
        return Error{ErrorCode::invalid_argument, fmt::format("source \"{}\" is invalid", source)};
    auto to = parse_model_name(destination);
    if (!to) {
        return Error{
            ErrorCode::invalid_argument, fmt::format("destination \"{}\" is invalid", destination)
        };
    }
    const std::lock_guard lock(shared_->write_mutex);
    const auto installed = resolve(*from);
    if (!installed)
        return Error{ErrorCode::not_found, fmt::format("model \"{}\" not found", source)};
    if (auto existing = installed_name(*to)) to = *existing;
    if (same_model(*installed, *to)) return Ok{};
    TRY_ASSIGN(const auto text, read_file(manifest_file(*installed), kMaxTextBytes));
    return write_manifest(*to, text);
}

Result<std::string> ModelStore::manifest_text(const Principal& who, std::string_view name) const {
    TRY(access::require(who, Role::user));
    TRY_ASSIGN(const ModelName parsed, parse_model_name(name));
    const auto installed = installed_name(parsed);
    if (!installed) return not_found(name);
    return read_file(manifest_file(*installed), kMaxTextBytes);
}

Status ModelStore::check_removable(const Principal& who, std::string_view name) const {
    TRY(access::require(who, Role::admin));
    const auto parsed = parse_model_name(name);
    if (!parsed)
        return Error{ErrorCode::invalid_argument, fmt::format("name \"{}\" is invalid", name)};
    const auto installed = installed_name(*parsed);
    if (installed) return check_not_aliased(*installed);
    TRY(check_no_alias(*parsed));
    return not_found(name);
}

Status ModelStore::remove(const Principal& who, std::string_view name) {
    const std::lock_guard lock(shared_->write_mutex);
    TRY(check_removable(who, name));
    TRY_ASSIGN(const ModelName parsed, parse_model_name(name));
    const auto installed = installed_name(parsed);
    if (!installed) return not_found(name);
    // A manifest that cannot be read is removed all the same; its blobs stay.
    const auto manifest = read_manifest(*installed);
    TRY(remove_name_file("manifests", *installed));
    if (manifest) remove_unused(manifest->digests());
    return Ok{};
}

Status ModelStore::remove_name_file(std::string_view folder, const ModelName& name) {
    const auto root = shared_->root / folder;
    const auto path = root / name.manifest_path();
    std::error_code error;
    if (!std::filesystem::remove(path, error) || error)
        return Error{ErrorCode::io, fmt::format("model '{}' cannot be removed", name.display())};
    TRY(sync_directory(path.parent_path()));
    remove_empty_parents(path, root);
    return Ok{};
}

bool ModelStore::must_stay(const Sha256& digest) const {
    if (shared_->pins.contains(digest)) return true;
    const auto announced = shared_->announced.find(digest);
    return announced != shared_->announced.end() &&
           std::chrono::steady_clock::now() - announced->second < kAnnouncedStays;
}

void ModelStore::remove_unused(const std::vector<Sha256>& blobs) {
    std::vector<Manifest> others;
    for (const ModelName& name : names_below("manifests")) {
        auto manifest = read_manifest(name);
        if (!manifest) {
            log::warning("no blobs are removed: the manifest of {} cannot be read", name.display());
            return;
        }
        others.push_back(std::move(*manifest));
    }
    for (const Sha256& digest : blobs) {
        if (must_stay(digest)) continue;
        const bool used = std::ranges::any_of(others, [&digest](const Manifest& other) {
            return other.uses(digest);
        });
        std::error_code error;
        if (!used) std::filesystem::remove(blob_path(digest), error);
        if (error)
            log::warning("blob {} cannot be removed: {}", digest_text(digest), error.message());
    }
}

Status ModelStore::create(
    const Principal& who, const CreateRequest& request, const ProgressSink& progress
) {
    TRY(access::require(who, Role::admin));
    return ModelCreator(*this, who, request, progress).run();
}

}  // namespace moat::models
