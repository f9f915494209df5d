#include "api/openai/fields.h"

#include <fmt/format.h>

#include "api/request/extra_options.h"

namespace moat::api::openai {
namespace {

constexpr int kMostAnswers = 16;  // of one request; each takes a place in the model's queue

Status copy_number(const json::Value& body, std::string_view name, json::Object& options) {
    TRY_ASSIGN(const auto number, number_field(body, name));
    if (number) options[name] = *number;
    return Ok{};
}

// The newer spelling wins; max_output_tokens is that of /v1/responses.
Status copy_token_limit(const json::Value& body, json::Object& options) {
    for (const std::string_view name :
         {"max_tokens", "max_completion_tokens", "max_output_tokens"}) {
        TRY_ASSIGN(const auto limit, integer_field(body, name));
        if (limit) options["num_predict"] = *limit;
    }
    return Ok{};
}

Result<json::Value> schema_in(const json::Value* holder, std::string_view path) {
    const json::Value* schema = holder == nullptr ? nullptr : json::find(*holder, "schema");
    if (schema == nullptr || !schema->is_object())
        return invalid(fmt::format("'{}.schema' must be an object", path));
    return *schema;
}

}  // namespace

Result<json::Object> options_of(const json::Value& body) {
    json::Object options{{"temperature", 1.0}, {"top_p", 1.0}};
    for (const std::string_view name :
         {"temperature", "top_p", "frequency_penalty", "presence_penalty"}) {
        TRY(copy_number(body, name, options));
    }
    TRY(copy_token_limit(body, options));
    TRY_ASSIGN(const auto seed, integer_field(body, "seed"));
    if (seed) options["seed"] = *seed;
    TRY_ASSIGN(const auto stop, texts_field(body, "stop"));
    if (!stop.empty()) options["stop"] = json::Array(stop.begin(), stop.end());
    if (const json::Value* bias = present(body, "logit_bias"); bias && !bias->is_object())
        return invalid("'logit_bias' must be an object of token ids and numbers");
    TRY(add_extra_options(body, options));
    return options;
}

Result<json::Value> format_of(const json::Value& body) {
    const json::Value* format = present(body, "response_format");
    std::string path = "response_format";
    if (const json::Value* text = present(body, "text"); format == nullptr && text != nullptr) {
        format = present(*text, "format");
        path = "text.format";
    }
    if (format == nullptr) return json::Value(nullptr);
    const std::string type = json::string_or(*format, "type");
    if (type == "text") return json::Value(nullptr);
    if (type == "json_object") return json::Value("json");
    if (type != "json_schema")
        return invalid(fmt::format("'{}.type' must be text, json_object or json_schema", path));
    // Chat nests it one deeper than responses.
    if (path == "text.format") return schema_in(format, path);
    return schema_in(present(*format, "json_schema"), path + ".json_schema");
}

Result<int> count_of(const json::Value& body) {
    TRY_ASSIGN(const auto count, integer_field(body, "n"));
    if (count && (*count < 1 || *count > kMostAnswers))
        return invalid(fmt::format("'n' must be between 1 and {}", kMostAnswers));
    return static_cast<int>(count.value_or(1));
}

bool wants_usage(const json::Value& body) {
    const json::Value* options = present(body, "stream_options");
    return options != nullptr && json::bool_or(*options, "include_usage", false);
}

}  // namespace moat::api::openai
