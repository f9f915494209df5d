#include "api/request/extra_options.h"

#include "api/request/json_fields.h"

namespace moat::api {
namespace {

struct Extra {
    std::string_view field;
    std::string_view option;
};

constexpr Extra kExtras[] = {
    {"top_k", "top_k"},
    {"min_p", "min_p"},
    {"typical_p", "typical_p"},
    {"repeat_last_n", "repeat_last_n"},
    {"repeat_penalty", "repeat_penalty"},
    {"repetition_penalty", "repeat_penalty"},  // as vLLM and others call it
    {"mirostat", "mirostat"},
    {"mirostat_tau", "mirostat_tau"},
    {"mirostat_eta", "mirostat_eta"},
    {"dry_multiplier", "dry_multiplier"},
    {"dry_base", "dry_base"},
    {"dry_allowed_length", "dry_allowed_length"},
    {"dry_penalty_last_n", "dry_penalty_last_n"},
    {"dry_sequence_breakers", "dry_sequence_breakers"},
    {"xtc_probability", "xtc_probability"},
    {"xtc_threshold", "xtc_threshold"},
    {"logit_bias", "logit_bias"},
    {"grammar", "grammar"},
    {"num_ctx", "num_ctx"},
    {"num_keep", "num_keep"},
};

}  // namespace

Status add_extra_options(const json::Value& body, json::Object& options) {
    for (const auto& [field, option] : kExtras)
        if (const json::Value* value = present(body, field)) options[option] = *value;
    const json::Value* given = present(body, "options");
    if (given == nullptr) return Ok{};
    if (!given->is_object()) return invalid("'options' must be an object");
    for (const auto& [name, value] : given->get_object())
        options[name] = value;
    return Ok{};
}

}  // namespace moat::api
