#include "models/prompt_template.h"

#include <set>

#include "models/prompt_values.h"
#include "models/template_evaluator.h"
#include "models/template_inspector.h"
#include "models/template_parser.h"

namespace moat::models {
namespace {

using templates::Map;
using templates::Tree;
using templates::Value;

constexpr std::size_t kMaxTemplateBytes = std::size_t{1} << 20;

struct Collated {
    std::string system;  // all system messages, a blank line between
    std::vector<ChatMessage> messages;
};

void append_paragraph(std::string& text, const std::string& paragraph) {
    if (!text.empty()) text += "\n\n";
    text += paragraph;
}

Collated collate(const std::vector<ChatMessage>& messages) {
    Collated out;
    for (const ChatMessage& message : messages) {
        if (message.role == "system") append_paragraph(out.system, message.content);
        const bool joins = !out.messages.empty() && out.messages.back().role == message.role &&
                           message.role != "tool";
        if (!joins) {
            out.messages.push_back(message);
            continue;
        }
        ChatMessage& last = out.messages.back();
        last.content += "\n\n" + message.content;
        last.images.insert(last.images.end(), message.images.begin(), message.images.end());
        last.tool_calls.insert(
            last.tool_calls.end(), message.tool_calls.begin(), message.tool_calls.end()
        );
    }
    return out;
}

void add_thinking(Map& data, const PromptInput& input) {
    data.fields.emplace_back("Think", Value{input.think.value_or(false)});
    data.fields.emplace_back("ThinkLevel", Value{input.think_level});
    data.fields.emplace_back("IsThinkSet", Value{input.think.has_value()});
}

// One run of an older template.
struct Turn {
    std::string system;
    std::string prompt;
    std::string response;
};

Value turn_value(Turn turn, const PromptInput& input) {
    Map data;
    data.fields.emplace_back("System", Value{std::move(turn.system)});
    data.fields.emplace_back("Prompt", Value{std::move(turn.prompt)});
    data.fields.emplace_back("Response", Value{std::move(turn.response)});
    add_thinking(data, input);
    return templates::make_map(std::move(data));
}

// The turns of a conversation; the last one is where the model goes on.
std::vector<Turn> turns_of(const std::vector<ChatMessage>& messages) {
    std::vector<Turn> turns(1);
    for (const ChatMessage& message : messages) {
        Turn& turn = turns.back();
        const bool answered = !turn.response.empty();
        if (message.role == "system") {
            if (answered || !turn.prompt.empty()) turns.emplace_back();
            turns.back().system = message.content;
        } else if (message.role == "user") {
            if (answered) turns.emplace_back();
            turns.back().prompt = message.content;
        } else if (message.role == "assistant") {
            turn.response = message.content;
        }
    }
    return turns;
}

}  // namespace

struct PromptTemplate::Parsed {
    Tree tree;
    Tree open;  // ends where the model goes on
    std::set<std::string> names;
};

Result<PromptTemplate> PromptTemplate::parse(std::string_view text) {
    if (text.size() > kMaxTemplateBytes)
        return Error{ErrorCode::too_large, "the template is longer than 1 MB"};
    TRY_ASSIGN(Tree tree, templates::parse_template(text));
    auto names = templates::mentioned_names(tree);
    if (!names.contains("messages") && !names.contains("response")) {
        TRY_ASSIGN(tree, templates::parse_template(std::string(text) + "{{ .Response }}"));
        names.insert("response");
    }
    Tree open = templates::cut_after_response(tree);
    auto parsed =
        Parsed{.tree = std::move(tree), .open = std::move(open), .names = std::move(names)};
    return PromptTemplate(std::make_shared<const Parsed>(std::move(parsed)));
}

Result<std::string> PromptTemplate::render(const PromptInput& input, Time now) const {
    Collated collated = collate(input.messages);
    if (mentions("messages")) {
        Map data;
        data.fields.emplace_back("System", Value{std::move(collated.system)});
        data.fields.emplace_back("Messages", message_values(collated.messages));
        data.fields.emplace_back("Tools", tool_values(input.tools));
        data.fields.emplace_back("Response", Value{std::string()});
        add_thinking(data, input);
        return templates::evaluate(parsed_->tree, templates::make_map(std::move(data)), now);
    }
    auto turns = turns_of(collated.messages);
    std::string out;
    for (std::size_t i = 0; i < turns.size(); ++i) {
        const bool last = i + 1 == turns.size();
        const Value data = turn_value(std::move(turns[i]), input);
        TRY_ASSIGN(
            const auto text, templates::evaluate(last ? parsed_->open : parsed_->tree, data, now)
        );
        out += text;
    }
    return out;
}

Result<std::string> PromptTemplate::render_infill(
    std::string_view prompt, std::string_view suffix, Time now
) const {
    Map data;
    data.fields.emplace_back("Prompt", Value{std::string(prompt)});
    data.fields.emplace_back("Suffix", Value{std::string(suffix)});
    data.fields.emplace_back("Response", Value{std::string()});
    return templates::evaluate(parsed_->tree, templates::make_map(std::move(data)), now);
}

bool PromptTemplate::mentions(std::string_view lower_case_name) const {
    return parsed_->names.contains(std::string(lower_case_name));
}

std::optional<ThinkingMarks> PromptTemplate::thinking_marks() const {
    if (!mentions("thinking")) return std::nullopt;
    const auto tags = templates::thinking_tags(parsed_->tree);
    if (tags.open.empty()) return ThinkingMarks{.open = "<think>", .close = "</think>"};
    return ThinkingMarks{.open = tags.open, .close = tags.close};
}

std::string PromptTemplate::tool_call_mark() const {
    return templates::tool_call_tag(parsed_->tree);
}

}  // namespace moat::models
