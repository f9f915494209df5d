#include "knowledge/runtime_embedder.h"

#include <array>
#include <cstddef>
#include <numeric>
#include <utility>

#include "access/policy.h"
#include "base/log.h"

namespace moat::knowledge {
namespace {

using models::Model;

// Pairs that say the same with hardly a character in common. A model that knows Chinese finds the
// partner of nearly all of them; all-MiniLM-L6-v2, trained on English, of 2.
constexpr std::array<std::pair<const char*, const char*>, 8> kParaphrases{{
    {"他生病了,今天去看医生", "因身体不适,前往医院就诊"},
    {"小猫在沙发上睡觉", "猫咪正躺着休息"},
    {"公司上季度利润大幅增长", "企业第三财季盈利显著提高"},
    {"明天可能会下大雨", "预计次日有强降水天气"},
    {"这道菜太辣了", "食物的口味非常刺激"},
    {"如何更改登录口令", "密码重置的操作步骤"},
    {"火车晚点了两个小时", "列车延误一百二十分钟"},
    {"她喜欢弹钢琴", "其爱好是演奏乐器"},
}};
constexpr std::size_t kPairsToFind = 6;

float dot(const std::vector<float>& a, const std::vector<float>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

std::size_t pairs_found(const std::vector<std::vector<float>>& vectors) {
    constexpr std::size_t kCount = kParaphrases.size();
    std::size_t found = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
        std::size_t best = 0;
        for (std::size_t j = 1; j < kCount; ++j)
            if (dot(vectors[i], vectors[kCount + j]) > dot(vectors[i], vectors[kCount + best]))
                best = j;
        if (best == i) ++found;
    }
    return found;
}

}  // namespace

std::optional<std::string> RuntimeEmbedder::default_model() {
    if (auto preferred = preferred_model()) return preferred;
    const auto models = store_.list(access::system_principal());
    if (!models) {
        log::warning("embedding: {}", models.error().message);
        return std::nullopt;
    }
    for (const Model& model : *models)
        if (model.alias_of.empty() && model.can("embedding") && !model.can("completion"))
            return model.name.display();
    return std::nullopt;
}

// A base keeps the model its vectors are of: what an alias or a shortened version means now.
std::optional<std::string> RuntimeEmbedder::preferred_model() const {
    if (preferred_.empty()) return std::nullopt;
    const auto found = store_.find(access::system_principal(), preferred_);
    if (!found || !found->can("embedding")) return std::nullopt;
    const auto asked = models::parse_model_name(preferred_);
    return asked && same_model(*asked, found->name) ? preferred_ : found->name.display();
}

bool RuntimeEmbedder::installed(const std::string& model) {
    const auto found = store_.find(access::system_principal(), model);
    return found && found->can("embedding");
}

Result<bool> RuntimeEmbedder::reads_chinese(
    const Principal& who, const std::string& model, std::stop_token stop
) {
    TRY_ASSIGN(const Model found, store_.find(who, model));
    {
        const std::lock_guard lock(mutex_);
        const auto known = reads_chinese_.find(found.digest);
        if (known != reads_chinese_.end()) return known->second;
    }
    TRY_ASSIGN(const bool reads, try_chinese(who, model, stop));
    const std::lock_guard lock(mutex_);
    if (reads_chinese_.emplace(found.digest, reads).second)
        log::info("embedding: {} {} Chinese", model, reads ? "reads" : "does not read");
    return reads;
}

Result<bool> RuntimeEmbedder::try_chinese(
    const Principal& who, const std::string& model, std::stop_token stop
) {
    std::vector<std::string> texts;
    for (const auto& [text, same] : kParaphrases)
        texts.emplace_back(text);
    for (const auto& [text, same] : kParaphrases)
        texts.emplace_back(same);
    TRY_ASSIGN(const auto vectors, embed(who, model, texts, stop));
    return pairs_found(vectors) >= kPairsToFind;
}

Result<std::vector<std::vector<float>>> RuntimeEmbedder::embed(
    const Principal& who,
    const std::string& model,
    const std::vector<std::string>& texts,
    std::stop_token stop
) {
    inference::EmbeddingRequest request;
    request.model = model;
    request.texts = texts;
    TRY_ASSIGN(inference::EmbedResult result, runtime_.embed(who, request, stop));
    if (result.vectors.size() != texts.size())
        return Error{ErrorCode::internal, "the embedding model gave too few vectors"};
    return std::move(result.vectors);
}

}  // namespace moat::knowledge
