#include "adapters/llama/token_sampler.h"

#include <algorithm>
#include <cmath>

#include <json-schema-to-grammar.h>

#include "adapters/llama/top_logits.h"
#include "base/log.h"

namespace moat::adapters::llama {
namespace {

using inference::GenerateRequest;
using inference::SamplingOptions;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// What llama.cpp would answer with an abort or an exception.
Status check(const SamplingOptions& options, const std::string& grammar) {
    if (options.mirostat < 0 || options.mirostat > 2) return invalid("mirostat must be 0, 1 or 2");
    if (!(options.repeat_penalty > 0) || !std::isfinite(1 / options.repeat_penalty)) {
        return invalid("repeat_penalty must be greater than 0");
    }
    if (grammar.starts_with("%llguidance")) {
        return invalid("failed to parse grammar: only GBNF is supported");
    }
    return Ok{};
}

common_params_sampling parameters_of(const SamplingOptions& options, int context_length) {
    common_params_sampling out;
    // llama.cpp has one seed that means "random"; a request's own number must not hit it.
    if (options.seed >= 0) out.seed = static_cast<std::uint32_t>(options.seed) & 0x7FFFFFFFU;
    out.temp = options.temperature;
    out.top_k = options.top_k;
    out.top_p = options.top_p;
    out.min_p = options.min_p;
    out.typ_p = options.typical_p;
    out.penalty_last_n = options.repeat_last_n < 0
                             ? context_length
                             : std::min(options.repeat_last_n, context_length);
    out.penalty_repeat = options.repeat_penalty;
    out.penalty_present = options.presence_penalty;
    out.penalty_freq = options.frequency_penalty;
    out.mirostat = options.mirostat;
    out.mirostat_tau = options.mirostat_tau;
    out.mirostat_eta = options.mirostat_eta;
    out.n_prev = std::max(out.n_prev, out.penalty_last_n);
    out.no_perf = true;
    out.samplers = {
        COMMON_SAMPLER_TYPE_PENALTIES,
        COMMON_SAMPLER_TYPE_TOP_K,
        COMMON_SAMPLER_TYPE_TYPICAL_P,
        COMMON_SAMPLER_TYPE_TOP_P,
        COMMON_SAMPLER_TYPE_MIN_P,
        COMMON_SAMPLER_TYPE_TEMPERATURE,
    };
    return out;
}

// Triggers of one token work on tokens, the others on text.
void add_trigger(
    common_params_sampling& out, const common_grammar_trigger& trigger, const Model& model
) {
    if (trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD) {
        const Tokens tokens = model.tokenize(trigger.value, false, true);
        if (tokens.size() == 1 && out.preserved_tokens.contains(tokens.front())) {
            common_grammar_trigger by_token = trigger;
            by_token.type = COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN;
            by_token.token = tokens.front();
            out.grammar_triggers.push_back(std::move(by_token));
            return;
        }
    }
    out.grammar_triggers.push_back(trigger);
}

void add_chat(common_params_sampling& out, const common_chat_params& chat, const Model& model) {
    for (const auto& text : chat.preserved_tokens) {
        const Tokens tokens = model.tokenize(text, false, true);
        if (tokens.size() == 1) out.preserved_tokens.insert(tokens.front());
    }
    out.generation_prompt = chat.generation_prompt;
    if (chat.grammar.empty()) return;
    out.grammar = {COMMON_GRAMMAR_TYPE_TOOL_CALLS, chat.grammar};
    out.grammar_lazy = chat.grammar_lazy;
    for (const auto& trigger : chat.grammar_triggers)
        add_trigger(out, trigger, model);
    if (chat.thinking_start_tag.empty()) return;
    // Without a budget this only tells when thinking is over and the grammar may begin.
    out.reasoning_budget_start = model.tokenize(chat.thinking_start_tag, false, true);
    for (const auto& tag : chat.thinking_end_tags) {
        out.reasoning_budget_end.push_back(model.tokenize(tag, false, true));
    }
}

// "{}" asks for any object; as a schema it would allow any value.
std::string grammar_of_schema(const std::string& schema) {
    const common_json parsed = common_json::parse(schema);
    if (parsed.is_object() && parsed.empty()) {
        return json_schema_to_grammar(common_json::parse(R"({"type":"object"})"));
    }
    return json_schema_to_grammar(parsed);
}

bool has_penalties(const common_params_sampling& p) {
    return p.penalty_last_n != 0 &&
           (p.penalty_repeat != 1 || p.penalty_freq != 0 || p.penalty_present != 0);
}

// Nothing but the logits, and what may push tokens down, has a say.
bool is_plain(const common_params_sampling& p, const llama_vocab* vocabulary) {
    std::int32_t suppressed = 0;
    (void)llama_vocab_get_suppress_tokens(vocabulary, &suppressed);
    return p.mirostat == 0 && p.grammar.empty() && suppressed == 0;
}

// The chain begins with penalties and top_k. A penalty lowers at most the tokens it remembers, so
// what top_k leaves is among this many of the highest; one that raises tokens could reach for any.
std::size_t candidates_of(const common_params_sampling& p) {
    if (p.top_k <= 0) return 0;
    const auto top_k = static_cast<std::size_t>(p.top_k);
    if (!has_penalties(p)) return top_k;
    if (p.penalty_repeat < 1 || p.penalty_freq < 0 || p.penalty_present < 0) return 0;
    return top_k + static_cast<std::size_t>(p.penalty_last_n);
}

}  // namespace

Result<TokenSampler> TokenSampler::make(
    const Model& model,
    const GenerateRequest& request,
    const common_chat_params* chat,
    int context_length
) {
    TRY(check(request.sampling, request.grammar));
    TokenSampler sampler(model);
    try {
        common_params_sampling parameters = parameters_of(request.sampling, context_length);
        if (chat != nullptr) add_chat(parameters, *chat, model);
        if (!request.grammar.empty()) {
            parameters.grammar = {COMMON_GRAMMAR_TYPE_USER, request.grammar};
            parameters.grammar_lazy = false;
        } else if (!request.json_schema.empty() && parameters.grammar.empty()) {
            const std::string grammar = grammar_of_schema(request.json_schema);
            parameters.grammar = {COMMON_GRAMMAR_TYPE_USER, grammar};
        }
        sampler.preserved_ = parameters.preserved_tokens;
        sampler.remembered_ = parameters.n_prev;
        if (is_plain(parameters, model.vocabulary())) {
            if (parameters.temp <= 0 && !has_penalties(parameters)) return sampler;
            sampler.candidates_ = candidates_of(parameters);
        }
        sampler.sampler_.reset(common_sampler_init(model.get(), parameters));
    } catch (const std::exception& error) {
        return invalid(error.what());
    }
    if (sampler.sampler_ == nullptr) return invalid("failed to parse grammar");
    return sampler;
}

void TokenSampler::accept_prompt(std::span<const llama_token> tokens) {
    if (sampler_ == nullptr) return;
    const auto count = std::min(tokens.size(), static_cast<std::size_t>(remembered_));
    for (const llama_token token : tokens.last(count)) {
        common_sampler_accept(sampler_.get(), token, false);
    }
}

std::span<const float> TokenSampler::logits(llama_context* context, int index) const {
    const float* values = llama_get_logits_ith(context, index);
    return {values, static_cast<std::size_t>(llama_vocab_n_tokens(model_->vocabulary()))};
}

Result<llama_token> TokenSampler::sample(llama_context* context, int index) {
    if (sampler_ == nullptr || candidates_ > 0) return sample_from_top(context, index);
    try {
        const llama_token token = common_sampler_sample(sampler_.get(), context, index);
        common_sampler_accept(sampler_.get(), token, true);
        return token;
    } catch (const std::exception& error) {
        log::warning("sampling failed: {}", error.what());
        return Error{ErrorCode::internal, "the grammar allows no further token"};
    }
}

Result<llama_token> TokenSampler::sample_from_top(llama_context* context, int index) {
    top_logits(logits(context, index), std::max<std::size_t>(candidates_, 1), top_);
    if (top_.empty()) return Error{ErrorCode::internal, "the model computed no numbers"};
    if (sampler_ == nullptr) return top_.front().id;
    llama_token_data_array candidates{top_.data(), top_.size(), -1, true};
    llama_sampler_apply(common_sampler_get(sampler_.get()), &candidates);
    const llama_token token = candidates.data[candidates.selected].id;
    common_sampler_accept(sampler_.get(), token, true);
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
