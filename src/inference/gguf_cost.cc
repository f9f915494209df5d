#include "inference/gguf_cost.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "inference/cache_type.h"
#include "models/gguf_file.h"

namespace moat::inference {
namespace {

constexpr std::int64_t kSane = 1 << 20;  // more layers, heads or values of one: nonsense

// head_count_kv is one number, or one a layer in models whose layers differ.
std::uint64_t key_value_heads(
    const models::GgufFile& file, const std::string& key, std::int64_t layers, std::int64_t heads
) {
    const json::Value* value = file.find(key);
    if (value != nullptr && value->is_array()) {
        std::uint64_t sum = 0;
        for (const json::Value& one : value->get_array()) {
            if (one.is_int64() && one.get_int64() > 0 && one.get_int64() <= kSane) {
                sum += static_cast<std::uint64_t>(one.get_int64());
            }
        }
        return sum;
    }
    const std::int64_t each = file.int_or(key, heads);
    return each <= 0 || each > kSane || layers <= 0 ? 0 : static_cast<std::uint64_t>(each * layers);
}

std::uint64_t cache_bytes_per_token(
    const models::GgufFile& file, const std::string& arch, std::string_view type
) {
    const std::int64_t layers = file.int_or(arch + ".block_count", 0);
    const std::int64_t heads = file.int_or(arch + ".attention.head_count", 0);
    const std::int64_t width = file.int_or(arch + ".embedding_length", 0);
    const std::int64_t usual = heads > 0 ? width / heads : 0;
    const std::int64_t key = file.int_or(arch + ".attention.key_length", usual);
    const std::int64_t value = file.int_or(arch + ".attention.value_length", usual);
    if (key < 0 || value < 0 || key > kSane || value > kSane || layers > kSane || heads > kSane) {
        return 0;
    }
    // Rows of whole blocks, as every model but the smallest of tests has them.
    const auto each = static_cast<std::uint64_t>(key + value) * bytes_of_32_values(type) / 32;
    return each * key_value_heads(file, arch + ".attention.head_count_kv", layers, heads);
}

Result<std::uint64_t> bytes_of_file(const std::filesystem::path& path) {
    std::error_code error;
    const std::uint64_t bytes = std::filesystem::file_size(path, error);
    if (error) {
        return Error{ErrorCode::not_found, "model file is missing: " + path.filename().string()};
    }
    return bytes;
}

}  // namespace

Result<ModelCost> read_model_cost(const ModelSource& model) {
    ModelCost cost;
    std::vector<std::filesystem::path> files = model.shards;
    if (files.empty()) files.push_back(model.gguf);
    files.insert(files.end(), model.adapters.begin(), model.adapters.end());
    if (!model.projector.empty()) {
        files.push_back(model.projector);
        cost.workspace_bytes += kProjectorWorkspaceBytes;
    }
    for (const auto& file : files) {
        TRY_ASSIGN(const std::uint64_t bytes, bytes_of_file(file));
        cost.file_bytes += bytes;
    }
    TRY_ASSIGN(const models::GgufFile file, models::read_gguf(model.gguf, {.name = model.name}));
    const std::string arch = file.string_or("general.architecture", "");
    const std::int64_t trained = file.int_or(arch + ".context_length", 0);
    cost.trained_context = static_cast<int>(std::clamp<std::int64_t>(trained, 0, 1 << 28));
    const std::int64_t layers = file.int_or(arch + ".block_count", 0);
    cost.layers = static_cast<int>(std::clamp<std::int64_t>(layers, 0, kSane));
    if (!model.embedding)
        cost.cache_bytes_per_token = cache_bytes_per_token(file, arch, model.load.cache_type);
    if (model.draft.empty()) return cost;
    // A draft model has a pool of its own, as large as the other.
    const ModelSource draft{.key = {}, .name = model.name + " (its draft)", .gguf = model.draft};
    TRY_ASSIGN(const ModelCost more, read_model_cost(draft));
    cost.file_bytes += more.file_bytes;
    cost.cache_bytes_per_token += more.cache_bytes_per_token;
    return cost;
}

}  // namespace moat::inference
