#include "models/template_inspector.h"

#include <algorithm>
#include <optional>

#include "models/model_name.h"

namespace moat::models::templates {
namespace {

std::string trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto start = text.find_first_not_of(kSpace);
    if (start == std::string_view::npos) return {};
    return std::string(text.substr(start, text.find_last_not_of(kSpace) - start + 1));
}

bool mentions(const Pipeline& pipeline, std::string_view field) {
    return std::ranges::any_of(pipeline.commands, [field](const Command& command) {
        return std::ranges::any_of(command.operands, [field](const Operand& operand) {
            if (std::ranges::find(operand.fields, field) != operand.fields.end()) return true;
            return operand.pipeline && mentions(*operand.pipeline, field);
        });
    });
}

class NameCollector {
  public:
    void visit(const Nodes& nodes) {
        for (const Node& node : nodes) {
            visit(node.pipeline);
            visit(node.body);
            visit(node.otherwise);
        }
    }
    std::set<std::string> names;

  private:
    void visit(const Pipeline& pipeline) {
        for (const Command& command : pipeline.commands)
            for (const Operand& operand : command.operands) {
                if (operand.kind == Operand::Kind::variable && operand.name.size() > 1)
                    names.insert(ascii_lower(operand.name.substr(1)));
                for (const std::string& field : operand.fields)
                    names.insert(ascii_lower(field));
                if (operand.pipeline) visit(*operand.pipeline);
            }
    }
};

// In the order of the text; true once the response was met, and then what follows goes.
bool cut(Nodes& nodes) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        Node& node = nodes[i];
        bool met = node.kind == Node::Kind::action && mentions(node.pipeline, "Response");
        if (!met) met = cut(node.body);
        if (met) {
            if (node.kind != Node::Kind::action) node.otherwise.clear();
        } else {
            met = cut(node.otherwise);
        }
        if (met) {
            nodes.resize(i + 1);
            return true;
        }
    }
    return false;
}

// The list of nodes that holds {{ .Thinking }}, within a loop over the messages.
const Nodes* list_with_thinking(const Nodes& nodes, bool in_messages) {
    for (const Node& node : nodes) {
        if (in_messages && node.kind == Node::Kind::action && mentions(node.pipeline, "Thinking"))
            return &nodes;
        const bool inside =
            node.kind == Node::Kind::range ? mentions(node.pipeline, "Messages") : in_messages;
        if (const Nodes* found = list_with_thinking(node.body, inside)) return found;
        if (const Nodes* found = list_with_thinking(node.otherwise, in_messages)) return found;
    }
    return nullptr;
}

// The first text within `nodes`, in the order of the text.
const std::string* first_text(const Nodes& nodes) {
    for (const Node& node : nodes) {
        if (node.kind == Node::Kind::text && !trimmed(node.text).empty()) return &node.text;
        if (const std::string* found = first_text(node.body)) return found;
        if (const std::string* found = first_text(node.otherwise)) return found;
    }
    return nullptr;
}

const std::string* text_after_tool_calls(const Nodes& nodes) {
    for (const Node& node : nodes) {
        const bool asks = node.kind == Node::Kind::if_else || node.kind == Node::Kind::range ||
                          node.kind == Node::Kind::with;
        if (asks && mentions(node.pipeline, "ToolCalls")) return first_text(node.body);
        if (const std::string* found = text_after_tool_calls(node.body)) return found;
        if (const std::string* found = text_after_tool_calls(node.otherwise)) return found;
    }
    return nullptr;
}

}  // namespace

std::set<std::string> mentioned_names(const Tree& tree) {
    NameCollector collector;
    collector.visit(tree.root);
    for (const auto& [name, nodes] : tree.defined)
        collector.visit(nodes);
    return collector.names;
}

Tree cut_after_response(const Tree& tree) {
    Tree out = tree;
    cut(out.root);
    return out;
}

ThinkingTags thinking_tags(const Tree& tree) {
    const Nodes* nodes = list_with_thinking(tree.root, false);
    if (!nodes) return {};
    const auto thinking = std::ranges::find_if(*nodes, [](const Node& node) {
        return node.kind == Node::Kind::action && mentions(node.pipeline, "Thinking");
    });
    ThinkingTags tags;
    if (thinking != nodes->begin() && std::prev(thinking)->kind == Node::Kind::text)
        tags.open = trimmed(std::prev(thinking)->text);
    if (std::next(thinking) != nodes->end() && std::next(thinking)->kind == Node::Kind::text)
        tags.close = trimmed(std::next(thinking)->text);
    if (tags.open.empty() || tags.close.empty()) return {};
    return tags;
}

std::string tool_call_tag(const Tree& tree) {
    const std::string* text = text_after_tool_calls(tree.root);
    if (!text) return "{";
    std::string tag = trimmed(*text);
    // The tag is what stands before the call's JSON begins; "[TOOL_CALLS]" is one, "[" is JSON.
    if (const auto brace = tag.find('{'); brace != std::string::npos)
        tag = trimmed(std::string_view(tag).substr(0, brace));
    while (tag.size() > 1 && tag.ends_with('['))
        tag = trimmed(std::string_view(tag).substr(0, tag.size() - 1));
    return tag.empty() ? "{" : tag;
}

}  // namespace moat::models::templates
