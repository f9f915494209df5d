#include "adapters/llama/chat_template.h"

#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"

namespace moat::adapters::llama {
namespace {

using inference::ChatPrompt;
using inference::GenerateEvent;

constexpr auto kReasoningFormat = COMMON_REASONING_FORMAT_DEEPSEEK;  // thinking apart from content

common_chat_msg message_of(const models::ChatMessage& in) {
    common_chat_msg out;
    out.role = in.role;
    out.content = in.content;
    out.reasoning_content = in.thinking;
    out.tool_name = in.tool_name;
    out.tool_call_id = in.tool_call_id;
    for (const auto& call : in.tool_calls) {
        out.tool_calls.push_back({call.name, json::write(call.arguments), call.id});
    }
    return out;
}

common_chat_tool_choice choice_of(const std::string& choice) {
    if (choice == "none") return COMMON_CHAT_TOOL_CHOICE_NONE;
    if (choice == "required") return COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    return COMMON_CHAT_TOOL_CHOICE_AUTO;
}

common_chat_templates_inputs inputs_of(const ChatPrompt& prompt, const std::string& json_schema) {
    common_chat_templates_inputs inputs;
    for (const auto& message : prompt.messages)
        inputs.messages.push_back(message_of(message));
    if (prompt.tools.is_array() && !prompt.tools.get_array().empty()) {
        inputs.tools =
            common_chat_tools_parse_oaicompat(common_json::parse(json::write(prompt.tools)));
        inputs.parallel_tool_calls = prompt.parallel_tool_calls;
    }
    inputs.tool_choice = choice_of(prompt.tool_choice);
    // An answer that has to be a call has nothing else for a schema to bind.
    if (inputs.tool_choice != COMMON_CHAT_TOOL_CHOICE_REQUIRED)
        inputs.json_schema = json_schema == "{}" ? R"({"type":"object"})" : json_schema;
    inputs.reasoning_format = kReasoningFormat;
    inputs.enable_thinking = prompt.think.value_or(true);
    return inputs;
}

// Only a whole call is given out, and only with arguments that can be read.
std::optional<models::ToolCall> call_of(const common_chat_tool_call& in) {
    auto arguments = json::read(in.arguments.empty() ? "{}" : in.arguments);
    if (in.name.empty() || !arguments || !arguments->is_object()) {
        log::warning("a tool call of a model was left out: its arguments are not a JSON object");
        return std::nullopt;
    }
    const std::string id = in.id.empty() ? "call_" + random_hex(4) : in.id;
    return models::ToolCall{id, in.name, std::move(*arguments)};
}

// What `all` has beyond `given`; nothing while the parser is of two minds about what was given.
std::string beyond(const std::string& all, std::string& given) {
    if (all.size() <= given.size() || !all.starts_with(given)) return "";
    std::string rest = all.substr(given.size());
    given = all;
    return rest;
}

}  // namespace

Result<ChatTemplate> ChatTemplate::of(const Model& model) {
    return make(model.get(), "");
}

Result<ChatTemplate> ChatTemplate::of(const std::string& source) {
    return make(nullptr, source);
}

Result<ChatTemplate> ChatTemplate::make(const llama_model* model, const std::string& source) {
    ChatTemplate made;
    try {
        made.templates_ = common_chat_templates_init(model, source);
    } catch (const std::exception& error) {
        return Error{
            ErrorCode::unsupported,
            std::string("the chat template of the model cannot be read: ") + error.what()
        };
    }
    return made;
}

Result<common_chat_params> ChatTemplate::apply(
    const ChatPrompt& prompt, const std::string& json_schema
) const {
    try {
        return common_chat_templates_apply(templates_.get(), inputs_of(prompt, json_schema));
    } catch (const std::exception& error) {
        return Error{
            ErrorCode::invalid_argument,
            std::string("the model's chat template refuses this conversation: ") + error.what()
        };
    }
}

ChatParser::ChatParser(const common_chat_params& parameters, bool has_tools)
    : parameters_(parameters),
      is_plain_(
          parameters.format == COMMON_CHAT_FORMAT_CONTENT_ONLY ||
          (!has_tools && !parameters.supports_thinking)
      ) {
    parameters_.reasoning_format = kReasoningFormat;
    parameters_.parse_tool_calls = has_tools;
    if (!parameters.parser.empty()) parameters_.parser.load(parameters.parser);
}

GenerateEvent ChatParser::push(std::string_view text) {
    if (is_plain_) return {std::string(text), "", {}, {}};
    text_ += text;
    return text.empty() ? GenerateEvent{} : parse(true);
}

GenerateEvent ChatParser::finish() {
    return is_plain_ ? GenerateEvent{} : parse(false);
}

GenerateEvent ChatParser::parse(bool is_partial) {
    try {
        return news(common_chat_parse(text_, is_partial, parameters_), is_partial);
    } catch (const std::exception& error) {
        if (is_partial) return {};  // more text may make sense of it
        log::warning("an answer does not follow its chat format: {}", error.what());
    }
    // Better the raw text than none, if nothing of it was shown.
    if (!content_.empty() || !thinking_.empty() || calls_ > 0) return {};
    return {text_, "", {}, {}};
}

GenerateEvent ChatParser::news(const common_chat_msg& message, bool is_partial) {
    GenerateEvent event;
    // White space before the closing mark is not part of the thought.
    const std::string& thought = message.reasoning_content;
    event.thinking = beyond(thought.substr(0, thought.find_last_not_of(" \t\r\n") + 1), thinking_);
    event.content = beyond(message.content, content_);
    // The last call of a partial answer is still growing.
    const std::size_t whole =
        message.tool_calls.size() - (is_partial && !message.tool_calls.empty());
    for (; calls_ < whole; ++calls_) {
        if (auto call = call_of(message.tool_calls[calls_])) {
            event.tool_calls.push_back(std::move(*call));
        }
    }
    return event;
}

}  // namespace moat::adapters::llama
