#include "adapters/llama/answer_rules.h"

#include <fmt/format.h>
#include <json-schema-to-grammar.h>

namespace moat::adapters::llama {
namespace {

using inference::GenerateRequest;
using inference::GrammarGuide;
using inference::ThoughtMarks;

// "{}" asks for any object; as a schema it would allow any value.
Result<std::string> grammar_of_schema(const std::string& schema) {
    try {
        const common_json parsed = common_json::parse(schema);
        if (parsed.is_object() && parsed.empty())
            return json_schema_to_grammar(common_json::parse(R"({"type":"object"})"));
        return json_schema_to_grammar(parsed);
    } catch (const std::exception& error) {
        return Error{ErrorCode::invalid_argument, error.what()};
    }
}

// Between calls, and after the last, the model may close one and open the next in its own way.
constexpr std::string_view kCallsRoot = "moat-forced-calls";
constexpr std::string_view kGap = "moat-gap ::= [^{]{1,64}\n";

Result<GrammarGuide::Rules> rules_of_calls(const inference::ForcedCalls& calls) {
    GrammarGuide::Rules out;
    TRY_ASSIGN(out.grammar, grammar_of_schema(calls.schema));
    out.root = kCallsRoot;
    out.grammar += fmt::format(
        "\n{}{} ::= {} root {} moat-gap?\n",
        kGap,
        kCallsRoot,
        gbnf_format_literal(calls.before),
        calls.several ? "(moat-gap root)*" : ""
    );
    return out;
}

// What stands around a thought, by the chat template; nothing for one that knows none.
std::optional<ThoughtMarks> thought_of(const common_chat_params& chat) {
    if (chat.thinking_start_tag.empty() || chat.thinking_end_tags.empty()) return std::nullopt;
    ThoughtMarks out{.open = chat.thinking_start_tag, .close = chat.thinking_end_tags.front()};
    const std::string& prompt = chat.generation_prompt;
    const auto open = prompt.rfind(out.open);
    const auto close = prompt.rfind(out.close);
    out.begun = open != std::string::npos && (close == std::string::npos || close < open);
    // The template has closed the thought itself: there is none in the answer.
    if (close != std::string::npos && !out.begun) return std::nullopt;
    return out;
}

Result<GrammarGuide::Rules> rules_of_chat(const common_chat_params& chat) {
    GrammarGuide::Rules out;
    out.grammar = chat.grammar;
    if (!chat.grammar_lazy) {
        // It describes the whole answer, thought included, from where the template began it.
        out.prefix = chat.generation_prompt;
        return out;
    }
    out.thought = thought_of(chat);
    for (const common_grammar_trigger& trigger : chat.grammar_triggers) {
        if (trigger.type != COMMON_GRAMMAR_TRIGGER_TYPE_WORD)
            return Error{
                ErrorCode::unsupported,
                "the model's chat template begins tool calls in a way this build does not know"
            };
        out.triggers.push_back(trigger.value);
    }
    return out;
}

bool must_call(const GenerateRequest& request) {
    const auto* chat = std::get_if<inference::ChatPrompt>(&request.prompt);
    return chat != nullptr && chat->tool_choice == "required";
}

// The rule of a template's grammar that is all calls, and nothing before them.
std::optional<std::string> rule_of_calls(const std::string& grammar) {
    for (const char* name : {"tool-calls", "tool-call"}) {
        const std::string rule = fmt::format("{} ::=", name);
        if (grammar.starts_with(rule) || grammar.contains("\n" + rule)) return name;
    }
    return std::nullopt;
}

// As a template's grammar describes them; that one's own beginning leaves room for words before.
Result<GrammarGuide::Rules> rules_of_required_calls(const common_chat_params& chat) {
    const auto root = rule_of_calls(chat.grammar);
    if (!root)
        return Error{
            ErrorCode::unsupported,
            "the model's chat template has no form of tool calls that this build knows: leave "
            "tool_choice out"
        };
    GrammarGuide::Rules out;
    out.grammar = chat.grammar;
    out.root = *root;
    out.thought = thought_of(chat);
    return out;
}

Result<GrammarGuide::Rules> rules_by_chat(
    const GenerateRequest& request, const common_chat_params& chat
) {
    return must_call(request) ? rules_of_required_calls(chat) : rules_of_chat(chat);
}

}  // namespace

Result<std::optional<GrammarGuide>> guide_for(
    const GenerateRequest& request, const common_chat_params* chat
) {
    const bool of_chat = chat != nullptr && (!chat->grammar.empty() || must_call(request));
    GrammarGuide::Rules rules;
    if (request.calls) {
        TRY_ASSIGN(rules, rules_of_calls(*request.calls));
    } else if (!request.grammar.empty()) {
        rules.grammar = request.grammar;
    } else if (of_chat) {
        TRY_ASSIGN(rules, rules_by_chat(request, *chat));
        TRY_ASSIGN(GrammarGuide guide, GrammarGuide::make(rules));
        return std::optional(std::move(guide));
    } else if (!request.json_schema.empty()) {
        TRY_ASSIGN(rules.grammar, grammar_of_schema(request.json_schema));
    } else {
        return std::optional<GrammarGuide>();
    }
    rules.thought = chat != nullptr ? thought_of(*chat) : request.thought;
    TRY_ASSIGN(GrammarGuide guide, GrammarGuide::make(rules));
    return std::optional(std::move(guide));
}

}  // namespace moat::adapters::llama
