#include "adapters/llama/importance_matrix.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <imatrix-loader.h>

namespace moat::adapters::llama {
namespace {

template <std::size_t size>
void copy_text(char (&out)[size], std::string_view text) {
    const std::size_t count = std::min(text.size(), size - 1);
    std::memcpy(out, text.data(), count);
    out[count] = '\0';
}

llama_model_kv_override say(std::string_view key, std::string_view text) {
    llama_model_kv_override out{};
    out.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
    copy_text(out.key, key);
    copy_text(out.val_str, text);
    return out;
}

llama_model_kv_override say(std::string_view key, std::int64_t number) {
    llama_model_kv_override out{};
    out.tag = LLAMA_KV_OVERRIDE_TYPE_INT;
    copy_text(out.key, key);
    out.val_i64 = number;
    return out;
}

// Sums over how many tokens: for each expert of its own, of which some may have seen none.
Result<std::vector<float>> means_of(const std::string& name, const common_imatrix_entry& entry) {
    const std::size_t experts = entry.counts.size();
    if (experts == 0 || entry.sums.size() % experts != 0)
        return Error{
            ErrorCode::corrupt,
            fmt::format("the importance matrix has other counts than sums of {}", name)
        };
    const std::size_t columns = entry.sums.size() / experts;
    std::vector<float> out(entry.sums.size(), 1.0F);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto count = static_cast<float>(entry.counts[i / columns]);
        if (count > 0) out[i] = entry.sums[i] / count;
    }
    return out;
}

}  // namespace

Result<ImportanceMatrix> ImportanceMatrix::read(const models::ImportanceFile& file) {
    common_imatrix loaded;
    const bool good = common_imatrix_load(file.path.string(), loaded);
    if (!good || loaded.is_legacy || !loaded.has_metadata || loaded.entries.empty())
        return Error{
            ErrorCode::corrupt, fmt::format("{} is not a whole importance matrix", file.name)
        };
    ImportanceMatrix out;
    for (const auto& [name, entry] : loaded.entries) {
        TRY_ASSIGN(auto means, means_of(name, entry));
        out.entries_.push_back({name, std::move(means)});
    }
    out.said_.push_back(say("quantize.imatrix.file", file.name));
    if (!loaded.datasets.empty())
        out.said_.push_back(say("quantize.imatrix.dataset", loaded.datasets.front()));
    out.said_.push_back(
        say("quantize.imatrix.entries_count", static_cast<std::int64_t>(out.entries_.size()))
    );
    if (loaded.chunk_count > 0)
        out.said_.push_back(say("quantize.imatrix.chunks_count", std::int64_t{loaded.chunk_count}));
    out.said_.push_back({});  // the end
    return out;
}

void ImportanceMatrix::add_to(llama_model_quantize_params& parameters) {
    views_.clear();
    for (const Entry& entry : entries_)
        views_.push_back({entry.name.c_str(), entry.means.data(), entry.means.size()});
    views_.push_back({nullptr, nullptr, 0});
    parameters.imatrix = views_.data();
    parameters.kv_overrides = said_.data();
}

}  // namespace moat::adapters::llama
