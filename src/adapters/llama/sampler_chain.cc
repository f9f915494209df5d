#include "adapters/llama/sampler_chain.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace moat::adapters::llama {
namespace {

using inference::SamplingOptions;

constexpr std::size_t kMostBiases = 300;  // OpenAI's bound
constexpr std::size_t kMostBreakers = 32;
constexpr std::size_t kMostCandidates = 8192;  // beyond, looking for them costs more than it saves
constexpr float kBan = -100.0F;
constexpr int kMirostatTokens = 100;  // its paper's m

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// What llama.cpp would answer with an abort, an exception or nonsense.
Status check(const SamplingOptions& o) {
    const std::pair<const char*, float> numbers[] = {
        {"temperature", o.temperature},
        {"top_p", o.top_p},
        {"min_p", o.min_p},
        {"typical_p", o.typical_p},
        {"presence_penalty", o.presence_penalty},
        {"frequency_penalty", o.frequency_penalty},
        {"mirostat_tau", o.mirostat_tau},
        {"mirostat_eta", o.mirostat_eta},
        {"dry_multiplier", o.dry_multiplier},
        {"dry_base", o.dry_base},
        {"xtc_probability", o.xtc_probability},
        {"xtc_threshold", o.xtc_threshold},
        {"top_n_sigma", o.top_n_sigma},
        {"dynatemp_range", o.dynatemp_range},
        {"dynatemp_exponent", o.dynatemp_exponent},
    };
    for (const auto& [name, value] : numbers)
        if (!std::isfinite(value)) return invalid(fmt::format("{} must be a finite number", name));
    if (o.mirostat < 0 || o.mirostat > 2) return invalid("mirostat must be 0, 1 or 2");
    if (!(o.repeat_penalty > 0) || !std::isfinite(o.repeat_penalty) ||
        !std::isfinite(1 / o.repeat_penalty))
        return invalid("repeat_penalty must be greater than 0");
    if (o.dry_multiplier < 0) return invalid("dry_multiplier must not be negative");
    if (o.dry_sequence_breakers.size() > kMostBreakers)
        return invalid(fmt::format("at most {} dry_sequence_breakers", kMostBreakers));
    if (o.logit_bias.size() > kMostBiases)
        return invalid(fmt::format("at most {} tokens in logit_bias", kMostBiases));
    return Ok{};
}

std::uint32_t seed_of(const SamplingOptions& options) {
    // llama.cpp has one seed that means "random"; a request's own number must not hit it.
    if (options.seed < 0) return LLAMA_DEFAULT_SEED;
    return static_cast<std::uint32_t>(options.seed) & 0x7FFFFFFFU;
}

// Tokens to look back; a negative number of them is the whole context.
int window(int tokens, int context_length) {
    return tokens < 0 ? context_length : std::min(tokens, context_length);
}

bool has_penalties(const SamplingOptions& o) {
    return o.repeat_last_n != 0 &&
           (o.repeat_penalty != 1 || o.frequency_penalty != 0 || o.presence_penalty != 0);
}

bool has_dry(const SamplingOptions& o) {
    return o.dry_multiplier > 0 && o.dry_base >= 1 && o.dry_penalty_last_n != 0;
}

bool has_xtc(const SamplingOptions& o) {
    return o.xtc_probability > 0 && o.xtc_threshold <= 0.5F;
}

// Of the request, and of the tokens a model must never write.
struct Biases {
    std::vector<llama_logit_bias> moved;
    std::vector<llama_token> banned;  // sorted
};

Result<Biases> biases_of(const Model& model, const SamplingOptions& o) {
    Biases out;
    for (const SamplingOptions::Bias& one : o.logit_bias) {
        if (std::isnan(one.bias)) return invalid("logit_bias must be numbers");
        Tokens tokens{one.token};
        if (!one.text.empty()) tokens = model.tokenize(one.text, false, true);
        for (const llama_token token : tokens) {
            if (!model.has_token(token))
                return invalid(
                    fmt::format("logit_bias names token {}, which the model lacks", token)
                );
            if (one.bias <= kBan) {
                out.banned.push_back(token);
            } else {
                out.moved.push_back({token, std::min(one.bias, -kBan)});
            }
        }
    }
    std::int32_t count = 0;
    const llama_token* suppressed = llama_vocab_get_suppress_tokens(model.vocabulary(), &count);
    out.banned.insert(out.banned.end(), suppressed, suppressed + count);
    std::ranges::sort(out.banned);
    return out;
}

// The likeliest token stays so, whatever else the options say.
bool is_greedy(const SamplingOptions& o) {
    return o.temperature <= 0 && o.dynatemp_range <= 0 && o.mirostat == 0 && o.typical_p >= 1 &&
           !has_penalties(o) && !has_dry(o) && !has_xtc(o);
}

// What top_k leaves is among so many of the highest, as penalties and bans lower no more tokens
// than they know of; what raises tokens could reach for any, and top_n_sigma looks at all.
std::size_t candidates_of(const SamplingOptions& o, const Biases& biases, int context_length) {
    const bool raises = std::ranges::any_of(biases.moved, [](const auto& b) { return b.bias > 0; });
    if (o.top_k <= 0 || o.mirostat != 0 || o.top_n_sigma > 0 || raises) return 0;
    auto out = static_cast<std::size_t>(o.top_k) + biases.moved.size() + biases.banned.size();
    if (has_penalties(o)) {
        if (o.repeat_penalty < 1 || o.frequency_penalty < 0 || o.presence_penalty < 0) return 0;
        out += static_cast<std::size_t>(window(o.repeat_last_n, context_length));
    }
    if (has_dry(o)) out += static_cast<std::size_t>(window(o.dry_penalty_last_n, context_length));
    return out > kMostCandidates ? 0 : out;
}

void add_dry(llama_sampler* chain, const Model& model, const SamplingOptions& o, int context) {
    std::vector<const char*> breakers;
    for (const std::string& one : o.dry_sequence_breakers)
        if (!one.empty()) breakers.push_back(one.c_str());
    llama_sampler_chain_add(
        chain,
        llama_sampler_init_dry(
            model.vocabulary(),
            o.dry_multiplier,
            o.dry_base,
            std::max(o.dry_allowed_length, 0),
            window(o.dry_penalty_last_n, context),
            breakers.data(),
            breakers.size()
        )
    );
}

void add_mirostat(llama_sampler* chain, std::int32_t vocabulary, const SamplingOptions& o) {
    const std::uint32_t seed = seed_of(o);
    llama_sampler_chain_add(chain, llama_sampler_init_temp(o.temperature));
    llama_sampler_chain_add(
        chain,
        o.mirostat == 1 ? llama_sampler_init_mirostat(
                              vocabulary, seed, o.mirostat_tau, o.mirostat_eta, kMirostatTokens
                          )
                        : llama_sampler_init_mirostat_v2(seed, o.mirostat_tau, o.mirostat_eta)
    );
}

void add_samplers(llama_sampler* chain, const Model& model, const SamplingOptions& o, int context) {
    const std::int32_t vocabulary = llama_vocab_n_tokens(model.vocabulary());
    const auto add = [chain](llama_sampler* sampler) { llama_sampler_chain_add(chain, sampler); };
    if (has_penalties(o))
        add(llama_sampler_init_penalties(
            vocabulary,
            window(o.repeat_last_n, context),
            o.repeat_penalty,
            o.frequency_penalty,
            o.presence_penalty
        ));
    if (has_dry(o)) add_dry(chain, model, o, context);
    if (o.top_n_sigma > 0) add(llama_sampler_init_top_n_sigma(o.top_n_sigma));
    add(llama_sampler_init_top_k(o.top_k));
    add(llama_sampler_init_typical(o.typical_p, 0));
    add(llama_sampler_init_top_p(o.top_p, 0));
    add(llama_sampler_init_min_p(o.min_p, 0));
    if (has_xtc(o)) add(llama_sampler_init_xtc(o.xtc_probability, o.xtc_threshold, 0, seed_of(o)));
    add(llama_sampler_init_temp_ext(o.temperature, o.dynatemp_range, o.dynatemp_exponent));
    add(llama_sampler_init_dist(seed_of(o)));
}

}  // namespace

Result<SamplerChain> make_sampler_chain(
    const Model& model, const SamplingOptions& options, int context_length
) {
    TRY(check(options));
    TRY_ASSIGN(Biases biases, biases_of(model, options));
    SamplerChain out;
    out.candidates = 1 + biases.banned.size();
    out.banned = biases.banned;
    if (is_greedy(options) && biases.moved.empty()) return out;

    llama_sampler_chain_params parameters = llama_sampler_chain_default_params();
    parameters.no_perf = true;
    out.samplers.reset(llama_sampler_chain_init(parameters));
    const std::int32_t vocabulary = llama_vocab_n_tokens(model.vocabulary());
    out.takes_sorted = biases.moved.empty();
    if (!biases.moved.empty())
        llama_sampler_chain_add(
            out.samplers.get(),
            llama_sampler_init_logit_bias(
                vocabulary, static_cast<std::int32_t>(biases.moved.size()), biases.moved.data()
            )
        );
    if (options.mirostat != 0) {
        add_mirostat(out.samplers.get(), vocabulary, options);
    } else {
        add_samplers(out.samplers.get(), model, options, context_length);
    }
    out.candidates = candidates_of(options, biases, context_length);
    if (has_penalties(options)) out.remembered = window(options.repeat_last_n, context_length);
    if (has_dry(options))
        out.remembered =
            std::max(out.remembered, window(options.dry_penalty_last_n, context_length));
    return out;
}

}  // namespace moat::adapters::llama
