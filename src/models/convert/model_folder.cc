#include "models/convert/model_folder.h"

#include <set>

#include <fmt/format.h>

#include "base/file.h"

namespace moat::models {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{96} << 20;  // tokenizer.json of Gemma 3 has 33 MB
constexpr std::string_view kIndex = "model.safetensors.index.json";

std::string plain(const std::string& name) {
    return std::filesystem::path(name).lexically_normal().generic_string();
}

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

}  // namespace

ModelFolder::ModelFolder(std::vector<std::pair<std::string, std::filesystem::path>> files) {
    // The folder is where the topmost config.json is.
    std::string root;
    std::size_t least = std::string::npos;
    for (auto& [name, path] : files) {
        name = plain(name);
        if (!name.ends_with("config.json") ||
            std::filesystem::path(name).filename() != "config.json")
            continue;
        if (least != std::string::npos && name.size() >= least) continue;
        least = name.size();
        root = name.substr(0, name.size() - std::string_view("config.json").size());
    }
    for (auto& [name, path] : files) {
        if (name.starts_with(root)) name.erase(0, root.size());
        files_.emplace(std::move(name), std::move(path));
    }
}

const std::filesystem::path* ModelFolder::find(std::string_view name) const {
    const auto found = files_.find(name);
    return found == files_.end() ? nullptr : &found->second;
}

Result<std::optional<std::string>> ModelFolder::text(std::string_view name) const {
    const std::filesystem::path* path = find(name);
    if (!path) return std::optional<std::string>();
    auto text = read_file(*path, kMaxTextBytes);
    if (!text) {
        // The file is known to people by its name in the folder, not by that of its blob.
        const std::string_view why = text.error().code == ErrorCode::too_large
                                         ? "is larger than any published one"
                                         : "cannot be read";
        return Error{text.error().code, fmt::format("{} {}", name, why)};
    }
    return std::optional<std::string>(std::move(*text));
}

Result<std::optional<json::Value>> ModelFolder::json(std::string_view name) const {
    TRY_ASSIGN(const auto text, this->text(name));
    if (!text) return std::optional<json::Value>();
    auto value = json::read(*text);
    if (!value) return wrong(fmt::format("{} is not valid JSON: {}", name, value.error().message));
    return std::optional<json::Value>(std::move(*value));
}

Result<json::Value> ModelFolder::json_or_empty(std::string_view name) const {
    TRY_ASSIGN(auto value, json(name));
    if (!value) return json::Value(json::Object());
    if (!value->is_object()) return wrong(fmt::format("{} is not a JSON object", name));
    return std::move(*value);
}

Result<std::vector<std::string>> ModelFolder::weight_files() const {
    TRY_ASSIGN(const auto index, json(kIndex));
    if (index) return indexed_files(*index);
    std::vector<std::string> found;
    for (const auto& [name, path] : files_) {
        if (name.starts_with("model") && name.ends_with(".safetensors") && !name.contains('/'))
            found.push_back(name);
    }
    if (!found.empty()) return found;
    return Error{
        ErrorCode::not_found,
        "the folder has no model.safetensors and no parts of one (model-00001-of-0000N.safetensors)"
    };
}

Result<std::vector<std::string>> ModelFolder::indexed_files(const json::Value& index) const {
    const auto* map = json::find_object(index, "weight_map");
    if (!map || map->empty()) return wrong(fmt::format("{} has no weight_map", kIndex));
    std::set<std::string> names;
    for (const auto& [tensor, file] : *map) {
        if (!file.is_string())
            return wrong(fmt::format("{} names something else than files", kIndex));
        names.emplace(json::view(file.get_string()));
    }
    for (const std::string& name : names) {
        if (find(name)) continue;
        return wrong(fmt::format(
            "the model's part {} is missing: give all {} parts that {} names",
            to_valid_utf8(name),
            names.size(),
            kIndex
        ));
    }
    return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace moat::models
