#include "inference/options.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/log.h"
#include "models/parameters.h"

namespace moat::inference {
namespace {

constexpr int kDefaultContext = 4096;
constexpr int kMinContext = 4;
constexpr int kMinContextToSee = 2048;

// Fractions are cut and what is beyond an int is clamped, as a careful cast would.
int int_of(const json::Value& value) {
    constexpr double kLow = std::numeric_limits<int>::min();
    constexpr double kHigh = std::numeric_limits<int>::max();
    return static_cast<int>(std::clamp(value.to_number<double>(), kLow, kHigh));
}

std::int64_t seed_of(const json::Value& value) {
    if (value.is_int64()) return value.get_int64();
    if (value.is_uint64()) return static_cast<std::int64_t>(value.get_uint64() >> 1);
    return int_of(value);
}

float float_of(const json::Value& value) {
    constexpr double kMost = std::numeric_limits<float>::max();
    return static_cast<float>(std::clamp(value.to_number<double>(), -kMost, kMost));
}

std::vector<std::string> texts_of(const json::Value& value) {
    std::vector<std::string> out;
    for (const auto& item : value.get_array())
        out.emplace_back(json::view(item.get_string()));
    return out;
}

// Keys that are numbers are tokens, the others are texts.
std::vector<SamplingOptions::Bias> biases_of(const json::Value& value) {
    std::vector<SamplingOptions::Bias> out;
    for (const auto& [key, bias] : value.get_object()) {
        const std::string_view name = key;
        SamplingOptions::Bias one{.text = {}, .token = -1, .bias = float_of(bias)};
        const auto end = std::from_chars(name.data(), name.data() + name.size(), one.token);
        const bool is_number = end.ec == std::errc{} && end.ptr == name.data() + name.size();
        if (!is_number) one.text = name;
        out.push_back(std::move(one));
    }
    return out;
}

struct Setter {
    std::string_view name;
    void (*set)(ModelOptions&, const json::Value&);
};

constexpr Setter kSetters[] = {
    {"num_ctx", [](auto& o, const auto& v) { o.load.num_ctx = int_of(v); }},
    {"num_batch", [](auto& o, const auto& v) { o.load.num_batch = int_of(v); }},
    {"num_gpu", [](auto& o, const auto& v) { o.load.num_gpu = int_of(v); }},
    {"main_gpu", [](auto& o, const auto& v) { o.load.main_gpu = int_of(v); }},
    {"use_mmap", [](auto& o, const auto& v) { o.load.use_mmap = v.get_bool(); }},
    {"num_thread", [](auto& o, const auto& v) { o.load.num_thread = int_of(v); }},
    {"num_keep", [](auto& o, const auto& v) { o.num_keep = int_of(v); }},
    {"draft_num_predict", [](auto& o, const auto& v) { o.draft_num_predict = int_of(v); }},
    {"lookup_num_predict", [](auto& o, const auto& v) { o.lookup_num_predict = int_of(v); }},
    {"num_predict", [](auto& o, const auto& v) { o.num_predict = int_of(v); }},
    {"seed", [](auto& o, const auto& v) { o.sampling.seed = seed_of(v); }},
    {"top_k", [](auto& o, const auto& v) { o.sampling.top_k = int_of(v); }},
    {"top_p", [](auto& o, const auto& v) { o.sampling.top_p = float_of(v); }},
    {"min_p", [](auto& o, const auto& v) { o.sampling.min_p = float_of(v); }},
    {"typical_p", [](auto& o, const auto& v) { o.sampling.typical_p = float_of(v); }},
    {"temperature", [](auto& o, const auto& v) { o.sampling.temperature = float_of(v); }},
    {"repeat_last_n", [](auto& o, const auto& v) { o.sampling.repeat_last_n = int_of(v); }},
    {"repeat_penalty", [](auto& o, const auto& v) { o.sampling.repeat_penalty = float_of(v); }},
    {"presence_penalty", [](auto& o, const auto& v) { o.sampling.presence_penalty = float_of(v); }},
    {"frequency_penalty", [](auto& o, const auto& v) { o.sampling.frequency_penalty = float_of(v); }
    },
    {"mirostat", [](auto& o, const auto& v) { o.sampling.mirostat = int_of(v); }},
    {"mirostat_tau", [](auto& o, const auto& v) { o.sampling.mirostat_tau = float_of(v); }},
    {"mirostat_eta", [](auto& o, const auto& v) { o.sampling.mirostat_eta = float_of(v); }},
    {"dry_multiplier", [](auto& o, const auto& v) { o.sampling.dry_multiplier = float_of(v); }},
    {"dry_base", [](auto& o, const auto& v) { o.sampling.dry_base = float_of(v); }},
    {"dry_allowed_length", [](auto& o, const auto& v) { o.sampling.dry_allowed_length = int_of(v); }
    },
    {"dry_penalty_last_n", [](auto& o, const auto& v) { o.sampling.dry_penalty_last_n = int_of(v); }
    },
    {"dry_sequence_breakers",
     [](auto& o, const auto& v) { o.sampling.dry_sequence_breakers = texts_of(v); }},
    {"xtc_probability", [](auto& o, const auto& v) { o.sampling.xtc_probability = float_of(v); }},
    {"xtc_threshold", [](auto& o, const auto& v) { o.sampling.xtc_threshold = float_of(v); }},
    {"top_n_sigma", [](auto& o, const auto& v) { o.sampling.top_n_sigma = float_of(v); }},
    {"dynatemp_range", [](auto& o, const auto& v) { o.sampling.dynatemp_range = float_of(v); }},
    {"dynatemp_exponent", [](auto& o, const auto& v) { o.sampling.dynatemp_exponent = float_of(v); }
    },
    {"logit_bias", [](auto& o, const auto& v) { o.sampling.logit_bias = biases_of(v); }},
    {"grammar", [](auto& o, const auto& v) { o.grammar = json::view(v.get_string()); }},
    {"stop", [](auto& o, const auto& v) { o.stop = texts_of(v); }},
};

Status apply(ModelOptions& out, const json::Object& options) {
    for (const auto& [key, value] : options) {
        const std::string_view name = key;
        TRY(models::check_option(name, value));
        if (value.is_null()) continue;
        const auto setter = std::ranges::find(kSetters, name, &Setter::name);
        if (setter != std::end(kSetters)) {
            setter->set(out, value);
        } else if (!models::find_parameter(name)) {
            log::debug("an unknown option of a request was ignored");
        }
    }
    return Ok{};
}

}  // namespace

Result<ModelOptions> join_options(
    const models::Model& model, const json::Value& requested, int default_context
) {
    ModelOptions out;
    TRY(apply(out, model.parameters));
    if (requested.is_object()) TRY(apply(out, requested.get_object()));

    int& context = out.load.num_ctx;
    if (context <= 0) context = default_context > 0 ? default_context : kDefaultContext;
    // An image alone may take a thousand tokens.
    if (!model.projector.empty()) context = std::max(context, kMinContextToSee);
    if (model.details.context_length > 0) context = std::min(context, model.details.context_length);
    context = std::max(context, kMinContext);
    out.load.num_batch = std::clamp(out.load.num_batch, 1, 1 << 16);

    const std::int64_t most = std::int64_t{10} * context;
    if (out.num_predict < 0 || out.num_predict > most) out.num_predict = static_cast<int>(most);
    return out;
}

}  // namespace moat::inference
