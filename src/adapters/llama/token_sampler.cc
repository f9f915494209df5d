#include "adapters/llama/token_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "adapters/llama/answer_rules.h"
#include "adapters/llama/top_logits.h"

namespace moat::adapters::llama {
namespace {

using inference::GenerateRequest;

// Where a grammar is not narrow, what it allows is found among so many of the highest.
constexpr std::size_t kFirstLook = 512;

std::set<llama_token> preserved_tokens(
    const Model& model, const GenerateRequest& request, const common_chat_params* chat
) {
    std::vector<std::string> texts = request.shown_tokens;
    if (chat != nullptr)
        texts.insert(texts.end(), chat->preserved_tokens.begin(), chat->preserved_tokens.end());
    std::set<llama_token> out;
    for (const std::string& text : texts) {
        const Tokens tokens = model.tokenize(text, false, true);
        if (tokens.size() == 1) out.insert(tokens.front());
    }
    return out;
}

}  // namespace

Result<TokenSampler> TokenSampler::make(
    const Model& model,
    const GenerateRequest& request,
    const common_chat_params* chat,
    int context_length
) {
    TokenSampler sampler(model);
    TRY_ASSIGN(sampler.chain_, make_sampler_chain(model, request.sampling, context_length));
    TRY_ASSIGN(sampler.guide_, guide_for(request, chat));
    sampler.preserved_ = preserved_tokens(model, request, chat);
    if (sampler.guide_) sampler.texts_ = &model.texts();
    return sampler;
}

void TokenSampler::accept_prompt(std::span<const llama_token> tokens) {
    if (!chain_.samplers) return;
    const auto count = std::min(tokens.size(), static_cast<std::size_t>(chain_.remembered));
    for (const llama_token token : tokens.last(count))
        llama_sampler_accept(chain_.samplers.get(), token);
}

std::span<const float> TokenSampler::logits(llama_context* context, int index) const {
    const float* values = llama_get_logits_ith(context, index);
    return {values, static_cast<std::size_t>(llama_vocab_n_tokens(model_->vocabulary()))};
}

std::string_view TokenSampler::text_of(llama_token token) const {
    const bool shown = !texts_->is_hidden(token) || is_preserved(token);
    return shown ? texts_->text(token) : std::string_view();
}

bool TokenSampler::is_allowed(llama_token token) {
    if (texts_->ends_answer(token)) return guide_->may_end();
    const std::string_view text = text_of(token);
    // One without text leads nowhere, unless what is said does not matter.
    return text.empty() ? guide_->is_free() : guide_->allows(text);
}

void TokenSampler::take(std::span<const float> logits, std::size_t count) {
    if (count > 0) {
        top_logits(logits, count, taken_);
    } else {
        taken_.clear();
        for (std::size_t i = 0; i < logits.size(); ++i)
            if (!std::isnan(logits[i]))
                taken_.push_back({static_cast<llama_token>(i), logits[i], 0});
    }
    if (chain_.banned.empty()) return;
    std::erase_if(taken_, [this](const auto& one) {
        return std::ranges::binary_search(chain_.banned, one.id);
    });
}

// As many as the chain wants, of the tokens the grammar allows.
void TokenSampler::take_allowed(std::span<const float> logits) {
    const auto drop_others = [this] {
        std::erase_if(taken_, [this](const auto& one) {
            return guide_->is_exhausted() || !is_allowed(one.id);
        });
    };
    const std::size_t wanted = chain_.candidates;
    if (wanted > 0 && wanted < kFirstLook) {
        take(logits, kFirstLook);
        drop_others();
        if (taken_.size() >= wanted) {
            taken_.resize(wanted);
            return;
        }
    }
    take(logits, 0);
    drop_others();
    if (wanted == 0) return;
    const std::size_t count = std::min(taken_.size(), wanted);
    const auto is_before = [](const auto& a, const auto& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    };
    const auto middle = taken_.begin() + static_cast<std::ptrdiff_t>(count);
    std::ranges::partial_sort(taken_, middle, is_before);
    taken_.resize(count);
}

Status TokenSampler::take_instead(std::span<const float> logits) {
    take_allowed(logits);
    if (guide_->is_exhausted())
        return Error{
            ErrorCode::invalid_argument,
            "the grammar is too ambiguous to follow; give its alternatives different beginnings"
        };
    if (taken_.empty()) return Error{ErrorCode::internal, "the grammar allows no further token"};
    return Ok{};
}

Result<llama_token> TokenSampler::choose() {
    const bool sorted = chain_.candidates > 0 && chain_.takes_sorted;
    llama_token_data_array candidates{taken_.data(), taken_.size(), 0, sorted};
    if (chain_.samplers) {
        candidates.selected = -1;
        llama_sampler_apply(chain_.samplers.get(), &candidates);
    }
    const auto* chosen = candidates.selected < 0 ? nullptr : candidates.data + candidates.selected;
    if (chosen == nullptr || !(chosen->logit > -std::numeric_limits<float>::infinity()))
        return Error{ErrorCode::invalid_argument, "the options leave no token to choose"};
    return chosen->id;
}

Status TokenSampler::accept(llama_token token) {
    if (chain_.samplers) llama_sampler_accept(chain_.samplers.get(), token);
    if (!guide_ || texts_->ends_answer(token)) return Ok{};
    const std::string_view text = text_of(token);
    return text.empty() ? Status(Ok{}) : guide_->accept(text);
}

Result<llama_token> TokenSampler::sample(llama_context* context, int index) {
    return sample(logits(context, index));
}

Result<llama_token> TokenSampler::sample(std::span<const float> logits) {
    take(logits, chain_.candidates);
    if (taken_.empty())
        return chain_.banned.empty()
                   ? Error{ErrorCode::internal, "the model computed no numbers"}
                   : Error{ErrorCode::invalid_argument, "logit_bias bans every likely token"};
    TRY_ASSIGN(llama_token token, choose());
    if (guide_) {
        guide_->begin_token();
        if (!is_allowed(token)) {
            TRY(take_instead(logits));
            TRY_ASSIGN(token, choose());
        }
    }
    TRY(accept(token));
    return token;
}

inference::TokenLogprob TokenSampler::logprob(
    llama_context* context, int index, llama_token token, int top
) const {
    const std::span<const float> all = logits(context, index);
    std::vector<llama_token_data> best;
    top_logits(all, static_cast<std::size_t>(std::max(top, 1)), best);
    const float highest = best.empty() ? 0 : best.front().logit;
    double sum = 0;
    for (const float logit : all)
        sum += std::exp(static_cast<double>(logit - highest));
    const float total = highest + static_cast<float>(std::log(sum));

    inference::TokenLogprob out{
        model_->piece(token, true), all[static_cast<std::size_t>(token)] - total, {}
    };
    if (top <= 0) return out;
    for (const auto& one : best) {
        out.top.push_back({model_->piece(one.id, true), one.logit - total});
    }
    return out;
}

}  // namespace moat::adapters::llama
