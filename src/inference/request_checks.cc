#include "inference/request_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "inference/grammar.h"
#include "inference/media.h"
#include "inference/schema_limits.h"

namespace moat::inference {
namespace {

using models::ChatMessage;
using models::Model;

constexpr std::size_t kLongestGrammar = 64 * 1024;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// Ollama names these two without quotes, and in full.
Error lacks_in_full(const Model& model, std::string_view capability) {
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "{}/{}/{}:{} does not support {}",
            model.name.host,
            model.name.name_space,
            model.name.model,
            model.name.tag,
            capability
        )
    };
}

// Whatever the files are, nobody would read them.
Status check_projector(const Model& model) {
    if (model.can("vision") || model.can("audio")) return Ok{};
    return lacks_in_full(model, "vision");
}

// A grammar is made of every tool's parameters; a $ref in them is meant from there.
Status check_tools(const json::Value& tools) {
    TRY(check_schema(tools));
    for (const json::Value& tool : tools.get_array()) {
        const json::Value* function = json::find(tool, "function");
        const json::Value* parameters = function ? json::find(*function, "parameters") : nullptr;
        if (parameters != nullptr) TRY(check_schema(*parameters));
    }
    return Ok{};
}

}  // namespace

Error lacks(std::string_view name, std::string_view capability) {
    return Error{
        ErrorCode::unsupported, fmt::format("\"{}\" does not support {}", name, capability)
    };
}

bool has_images(const std::vector<ChatMessage>& messages) {
    return std::ranges::any_of(messages, [](const ChatMessage& message) {
        return !message.images.empty();
    });
}

bool has_tools(const json::Value& tools) {
    return tools.is_array() && !tools.get_array().empty();
}

Status check_chat(const Model& model, const ChatRequest& request) {
    if (!model.can("completion")) return lacks(request.model, "chat");
    if (has_tools(request.tools) && !model.can("tools")) return lacks_in_full(model, "tools");
    if (has_images(request.messages)) TRY(check_projector(model));
    return has_tools(request.tools) ? check_tools(request.tools) : Status(Ok{});
}

Status check_completion(const Model& model, const CompletionRequest& request) {
    const bool own_words = request.prompt_template || request.system || !request.context.empty();
    if (request.raw && own_words)
        return wrong("raw mode does not support template, system, or context");
    if (!model.can("completion")) return lacks(request.model, "generate");
    if (!request.suffix.empty() && !model.can("insert"))
        return Error{ErrorCode::unsupported, request.model + " does not support insert"};
    return request.images.empty() ? Status(Ok{}) : check_projector(model);
}

Status check_media(const Model& model, const std::vector<std::string>& media) {
    TRY_ASSIGN(const auto all, inspect_all(media));
    for (const MediaFacts& facts : all) {
        const char* needed = facts.kind == MediaKind::sound ? "audio" : "vision";
        if (!model.can(needed)) return lacks_in_full(model, needed);
    }
    return Ok{};
}

// "json" asks for any object, a schema for one like it.
Result<std::string> schema_of(const json::Value& format) {
    if (format.is_null()) return std::string();
    if (format.is_object()) {
        TRY(check_schema(format));
        return json::write(format);
    }
    if (format.is_string() && format.get_string().empty()) return std::string();
    if (format.is_string() && json::view(format.get_string()) == "json") return std::string("{}");
    return wrong(fmt::format(
        "invalid format: {}; expected \"json\" or a valid JSON Schema object", json::write(format)
    ));
}

Status check_grammar(const GenerateRequest& request) {
    if (request.grammar.empty()) return Ok{};
    if (!request.json_schema.empty())
        return wrong("a request can have a format or a grammar, not both");
    if (request.grammar.size() > kLongestGrammar)
        return wrong("failed to parse grammar: it is longer than 64 KB");
    TRY(Grammar::parse(request.grammar));
    return Ok{};
}

Result<std::optional<bool>> settle_thinking(
    const Model& model, const std::string& name, std::optional<bool> asked
) {
    const bool can = model.can("thinking");
    if (asked.value_or(false) && !can) return lacks(name, "thinking");
    if (!asked && can) return std::optional(true);
    return asked;
}

}  // namespace moat::inference
