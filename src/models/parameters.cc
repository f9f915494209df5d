#include "models/parameters.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

namespace moat::models {
namespace {

using enum ParameterType;

constexpr Parameter kParameters[] = {
    {"num_ctx", integer},
    {"num_batch", integer},
    {"num_gpu", integer},
    {"main_gpu", integer},
    {"use_mmap", boolean},
    {"num_thread", integer},
    {"draft_num_predict", integer},
    {"num_keep", integer},
    {"seed", integer},
    {"lookup_num_predict", integer},
    {"num_predict", integer},
    {"top_k", integer},
    {"top_p", number},
    {"min_p", number},
    {"typical_p", number},
    {"temperature", number},
    {"repeat_last_n", integer},
    {"repeat_penalty", number},
    {"presence_penalty", number},
    {"frequency_penalty", number},
    {"stop", list},
    {"penalize_newline", boolean, true},
    {"low_vram", boolean, true},
    {"f16_kv", boolean, true},
    {"logits_all", boolean, true},
    {"vocab_only", boolean, true},
    {"use_mlock", boolean, true},
    // Beyond Ollama's (docs/decisions/0012-sampling.md).
    {"mirostat", integer},
    {"mirostat_tau", number},
    {"mirostat_eta", number},
    {"dry_multiplier", number},
    {"dry_base", number},
    {"dry_allowed_length", integer},
    {"dry_penalty_last_n", integer},
    {"dry_sequence_breakers", list},
    {"xtc_probability", number},
    {"xtc_threshold", number},
    {"top_n_sigma", number},
    {"dynatemp_range", number},
    {"dynatemp_exponent", number},
    {"logit_bias", ParameterType::bias},
    {"grammar", ParameterType::text},
};

std::string_view type_name(ParameterType type) {
    switch (type) {
        case integer:
            return "integer";
        case boolean:
            return "boolean";
        case number:
            return "float32";
        case text:
            return "string";
        case list:
            return "array";
        case bias:
            return "object";
    }
    return "";
}

bool is_of_type(const json::Value& value, ParameterType type) {
    switch (type) {
        case integer:
        case number:
            return value.is_number();
        case boolean:
            return value.is_bool();
        case text:
            return value.is_string();
        case list:
            return value.is_array() && std::ranges::all_of(value.get_array(), [](const auto& item) {
                       return item.is_string();
                   });
        case bias:
            return value.is_object() &&
                   std::ranges::all_of(value.get_object(), [](const auto& pair) {
                       return pair.value().is_number();
                   });
    }
    return false;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    return end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

// The words of Go's strconv.ParseBool.
bool read_bool(std::string_view text, bool& out) {
    constexpr std::string_view kTrue[] = {"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::string_view kFalse[] = {"0", "f", "F", "false", "FALSE", "False"};
    out = std::ranges::find(kTrue, text) != std::end(kTrue);
    return out || std::ranges::find(kFalse, text) != std::end(kFalse);
}

Error invalid(std::string_view type, std::string_view text) {
    return Error{ErrorCode::invalid_argument, fmt::format("invalid {} value [{}]", type, text)};
}

}  // namespace

const Parameter* find_parameter(std::string_view name) {
    const auto found = std::ranges::find(kParameters, name, &Parameter::name);
    return found == std::end(kParameters) ? nullptr : found;
}

Status check_option(std::string_view name, const json::Value& value) {
    const Parameter* parameter = find_parameter(name);
    if (!parameter || parameter->deprecated || value.is_null()) return Ok{};
    if (is_of_type(value, parameter->type)) return Ok{};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("option \"{}\" must be of type {}", name, type_name(parameter->type))
    };
}

Result<json::Value> parse_parameter(std::string_view name, std::string_view text) {
    const Parameter* parameter = find_parameter(name);
    if (!parameter)
        return Error{ErrorCode::invalid_argument, fmt::format("unknown parameter '{}'", name)};
    switch (parameter->type) {
        case integer: {
            std::int64_t value = 0;
            if (!read_number(text, value)) return invalid("int", text);
            return json::Value(value);
        }
        case number: {
            double value = 0;
            if (!read_number(text, value)) return invalid("float", text);
            return json::Value(value);
        }
        case boolean: {
            bool value = false;
            if (!read_bool(text, value)) return invalid("bool", text);
            return json::Value(value);
        }
        case bias: {
            auto value = json::read(text);
            if (!value || !is_of_type(*value, bias)) return invalid("object", text);
            return std::move(*value);
        }
        case ParameterType::text:
        case list:
            break;
    }
    return json::Value(json::String(text));
}

}  // namespace moat::models
