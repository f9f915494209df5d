// Sampling options between server and runner.
#include "inference/protocol_fields.h"

namespace moat::inference::fields {
namespace {

template <class Number>
struct Field {
    std::string_view name;
    Number SamplingOptions::* member;
};

constexpr Field<int> kIntegers[] = {
    {"top_k", &SamplingOptions::top_k},
    {"repeat_last_n", &SamplingOptions::repeat_last_n},
    {"mirostat", &SamplingOptions::mirostat},
    {"dry_allowed_length", &SamplingOptions::dry_allowed_length},
    {"dry_penalty_last_n", &SamplingOptions::dry_penalty_last_n},
};

constexpr Field<float> kNumbers[] = {
    {"temperature", &SamplingOptions::temperature},
    {"top_p", &SamplingOptions::top_p},
    {"min_p", &SamplingOptions::min_p},
    {"typical_p", &SamplingOptions::typical_p},
    {"repeat_penalty", &SamplingOptions::repeat_penalty},
    {"presence_penalty", &SamplingOptions::presence_penalty},
    {"frequency_penalty", &SamplingOptions::frequency_penalty},
    {"mirostat_tau", &SamplingOptions::mirostat_tau},
    {"mirostat_eta", &SamplingOptions::mirostat_eta},
    {"dry_multiplier", &SamplingOptions::dry_multiplier},
    {"dry_base", &SamplingOptions::dry_base},
    {"xtc_probability", &SamplingOptions::xtc_probability},
    {"xtc_threshold", &SamplingOptions::xtc_threshold},
    {"top_n_sigma", &SamplingOptions::top_n_sigma},
    {"dynatemp_range", &SamplingOptions::dynatemp_range},
    {"dynatemp_exponent", &SamplingOptions::dynatemp_exponent},
};

json::Value encode_bias(const SamplingOptions::Bias& bias) {
    json::Object out;
    if (bias.text.empty()) {
        out["token"] = bias.token;
    } else {
        out["text"] = encode(bias.text);
    }
    out["bias"] = bias.bias;
    return out;
}

}  // namespace

json::Value encode(const SamplingOptions& options) {
    json::Object out;
    out["seed"] = options.seed;
    for (const auto& field : kIntegers)
        out[field.name] = options.*field.member;
    for (const auto& field : kNumbers)
        out[field.name] = options.*field.member;
    out["dry_sequence_breakers"] = encode(options.dry_sequence_breakers);
    json::Array biases;
    for (const auto& bias : options.logit_bias)
        biases.push_back(encode_bias(bias));
    if (!biases.empty()) out["logit_bias"] = std::move(biases);
    return out;
}

SamplingOptions parse_sampling(const json::Value& in) {
    SamplingOptions out;
    out.seed = json::int_or(in, "seed", out.seed);
    for (const auto& field : kIntegers) {
        int& member = out.*field.member;
        member = static_cast<int>(json::int_or(in, field.name, member));
    }
    for (const auto& field : kNumbers) {
        float& member = out.*field.member;
        member = static_cast<float>(json::number_or(in, field.name, static_cast<double>(member)));
    }
    if (json::find(in, "dry_sequence_breakers") != nullptr)
        out.dry_sequence_breakers = parse_strings(in, "dry_sequence_breakers");
    if (const json::Array* biases = json::find_array(in, "logit_bias"))
        for (const json::Value& bias : *biases)
            out.logit_bias.push_back(
                {.text = json::string_or(bias, "text"),
                 .token = static_cast<std::int32_t>(json::int_or(bias, "token", -1)),
                 .bias = static_cast<float>(json::number_or(bias, "bias", 0))}
            );
    return out;
}

}  // namespace moat::inference::fields
