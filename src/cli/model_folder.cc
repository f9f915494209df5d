#include "cli/model_folder.h"

#include <algorithm>

#include <fmt/format.h>

namespace moat::cli {
namespace {

namespace fs = std::filesystem;

using Files = std::vector<std::pair<std::string, fs::path>>;

// Regular files, or links to such, here and one folder down; hidden ones are somebody's caches.
Result<Files> list(const fs::path& folder, const std::string& prefix) {
    Files out;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::end(entry);
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::error_code ignored;  // a link to nowhere is neither
        if (name.starts_with(".")) continue;
        if (entry->is_directory(ignored) && prefix.empty()) {
            TRY_ASSIGN(auto inner, list(entry->path(), name + "/"));
            out.insert(out.end(), inner.begin(), inner.end());
        } else if (entry->is_regular_file(ignored)) {
            out.emplace_back(prefix + name, entry->path());
        }
    }
    if (error) return Error{ErrorCode::io, fmt::format("{}: {}", folder.string(), error.message())};
    std::ranges::sort(out);
    return out;
}

bool is_weights(const std::string& name) {
    return name.starts_with("model") && name.ends_with(".safetensors") && !name.contains('/');
}

bool describes(const std::string& name) {
    return name.ends_with(".json") || name == "tokenizer.model" || name == "vocab.txt" ||
           name == "chat_template.jinja";
}

bool is_gguf(const std::string& name) {
    return name.ends_with(".gguf") && !name.contains('/');
}

bool is_pickle(const std::string& name) {
    return name.ends_with(".bin") || name.ends_with(".pth") || name.ends_with(".pt");
}

template <class Wanted>
Files only(const Files& files, const Wanted& wanted) {
    Files out;
    std::ranges::copy_if(files, std::back_inserter(out), [&](const auto& file) {
        return wanted(file.first);
    });
    return out;
}

Error nothing_in(const fs::path& folder, std::string_view what, const Files& all) {
    const std::string_view pickles = only(all, is_pickle).empty()
                                         ? ""
                                         : ". Weights in .bin or .pth files run code when they are "
                                           "read: convert them to safetensors first";
    return Error{
        ErrorCode::invalid_argument, fmt::format("{} has {}{}", folder.string(), what, pickles)
    };
}

}  // namespace

Result<Files> model_files_in(const fs::path& folder) {
    TRY_ASSIGN(const Files all, list(folder, ""));
    if (!only(all, is_weights).empty())
        return only(all, [](const std::string& name) {
            return is_weights(name) || describes(name);
        });
    if (auto found = only(all, is_gguf); !found.empty()) return found;
    return nothing_in(folder, "neither model*.safetensors nor a GGUF file", all);
}

Result<Files> adapter_files_in(const fs::path& folder) {
    TRY_ASSIGN(const Files all, list(folder, ""));
    auto published = only(all, [](const std::string& name) {
        return name == "adapter_config.json" || name == "adapter_model.safetensors";
    });
    if (published.size() == 2) return published;
    if (auto found = only(all, is_gguf); found.size() == 1) return found;
    return nothing_in(
        folder, "neither adapter_config.json with adapter_model.safetensors nor one GGUF file", all
    );
}

}  // namespace moat::cli
