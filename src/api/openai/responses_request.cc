#include "api/openai/responses_request.h"

#include <fmt/format.h>

#include "api/openai/chat_request.h"
#include "api/openai/fields.h"
#include "api/openai/responses_input.h"
#include "api/request/tools.h"

namespace moat::api::openai {
namespace {

Status refuse_stored(const json::Value& body) {
    for (const std::string_view field : {"previous_response_id", "conversation", "prompt"}) {
        if (present(body, field) == nullptr) continue;
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "'{}' is not supported: responses are not stored here; send the whole "
                "conversation as 'input'",
                field
            )
        };
    }
    TRY_ASSIGN(const bool background, flag_field(body, "background", false));
    if (background)
        return Error{ErrorCode::unsupported, "'background' is not supported: use 'stream'"};
    return Ok{};
}

Status add_function(const json::Value& tool, json::Array& out) {
    const std::string name = json::string_or(tool, "name");
    if (name.empty()) return invalid("a tool of type function needs a 'name'");
    const json::Value* parameters = present(tool, "parameters");
    out.push_back(function_tool(
        name,
        json::string_or(tool, "description"),
        parameters == nullptr ? json::Value() : *parameters
    ));
    return Ok{};
}

Status read_tools(const json::Value& body, inference::ChatRequest& request) {
    const json::Value* tools = present(body, "tools");
    if (tools == nullptr) return Ok{};
    if (!tools->is_array()) return invalid("'tools' must be a list");
    json::Array out;
    for (const json::Value& tool : tools->get_array()) {
        const std::string type = json::string_or(tool, "type");
        if (type == "function") TRY(add_function(tool, out));
        if (type == "custom")
            return invalid("tools of type 'custom' are not supported: use type 'function'");
        if (type != "namespace") continue;
        const auto* inner = json::find_array(tool, "tools");
        if (inner == nullptr) return invalid("a tool of type namespace needs 'tools'");
        for (const json::Value& one : *inner)
            TRY(add_function(one, out));
    }
    if (!out.empty()) request.tools = std::move(out);
    return Ok{};
}

Status read_logprobs(const json::Value& body, inference::ChatRequest& request) {
    TRY_ASSIGN(const auto top, integer_field(body, "top_logprobs"));
    if (top && (*top < 0 || *top > 20)) return invalid("top_logprobs must be between 0 and 20");
    if (top) request.top_logprobs = static_cast<int>(*top);
    TRY_ASSIGN(const auto include, texts_field(body, "include"));
    for (const std::string& wanted : include)
        if (wanted == "message.output_text.logprobs" && request.top_logprobs < 0)
            request.top_logprobs = 0;
    return Ok{};
}

// "disabled" refuses what does not fit; unset, the oldest turns go, as on the other routes.
Status read_truncation(const json::Value& body, inference::ChatRequest& request) {
    TRY_ASSIGN(const auto truncation, text_field(body, "truncation"));
    if (!truncation || *truncation == "auto") return Ok{};
    if (*truncation != "disabled") return invalid("'truncation' must be auto or disabled");
    request.truncate = false;
    return Ok{};
}

Status read_messages(const json::Value& body, inference::ChatRequest& request) {
    const json::Value* input = present(body, "input");
    if (input == nullptr) return invalid("input is required");
    TRY_ASSIGN(request.messages, read_input(*input));
    TRY_ASSIGN(const auto instructions, text_field(body, "instructions"));
    if (instructions && !instructions->empty()) {
        request.messages.insert(
            request.messages.begin(), {.role = "system", .content = *instructions}
        );
    }
    return Ok{};
}

json::Value given_or(
    const json::Value& body, std::string_view field, const json::Value& otherwise
) {
    const json::Value* value = present(body, field);
    return value == nullptr ? otherwise : *value;
}

json::Object echo_of(const json::Value& body, const inference::ChatRequest& request) {
    const json::Value* effort = nullptr;
    if (const json::Value* reasoning = present(body, "reasoning"))
        effort = present(*reasoning, "effort");
    const json::Object plain{{"format", json::Object{{"type", "text"}}}};
    const auto as_it_is = [&](std::string_view field) { return given_or(body, field, nullptr); };
    return {
        {"instructions", as_it_is("instructions")},
        {"max_output_tokens", as_it_is("max_output_tokens")},
        {"max_tool_calls", nullptr},
        {"model", request.model},
        {"parallel_tool_calls", request.parallel_tool_calls},
        {"previous_response_id", nullptr},
        {"reasoning",
         json::Object{{"effort", effort == nullptr ? json::Value() : *effort}, {"summary", nullptr}}
        },
        {"store", false},
        {"temperature", given_or(body, "temperature", 1.0)},
        {"text", given_or(body, "text", plain)},
        {"tool_choice", given_or(body, "tool_choice", "auto")},
        {"tools", given_or(body, "tools", json::Array())},
        {"top_p", given_or(body, "top_p", 1.0)},
        {"truncation", request.truncate ? "auto" : "disabled"},
        {"metadata", given_or(body, "metadata", json::Object())},
        {"user", as_it_is("user")},
    };
}

}  // namespace

Result<ResponsesRequest> read_responses(const json::Value& body) {
    ResponsesRequest read;
    inference::ChatRequest& request = read.request;
    TRY_ASSIGN(request.model, required_text(body, "model"));
    TRY(refuse_stored(body));
    TRY(read_messages(body, request));
    TRY_ASSIGN(json::Object options, options_of(body));
    request.options = std::move(options);
    TRY_ASSIGN(request.format, format_of(body));
    TRY(read_effort(body, request));
    TRY(read_tools(body, request));
    TRY(read_tool_choice(body, request));
    TRY(read_logprobs(body, request));
    TRY(read_truncation(body, request));
    TRY_ASSIGN(read.stream, flag_field(body, "stream", false));
    read.echo = echo_of(body, request);
    return read;
}

}  // namespace moat::api::openai
