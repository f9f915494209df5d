#include "models/template_evaluator.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "models/template_functions.h"
#include "models/template_lexer.h"

namespace moat::models::templates {
namespace {

enum class Flow { next, break_loop, continue_loop };

// What a range runs over, one at a time: an integer may stand for a great many.
class Elements {
  public:
    // Nothing for what cannot be iterated over; nil is empty.
    static std::optional<Elements> of(const Value& value) {
        Elements out;
        out.value_ = value;
        if (const List* list = value.list()) {
            out.size_ = list->items.size();
        } else if (const Map* map = value.map(); map && map->struct_name.empty()) {
            out.size_ = map->fields.size();
            for (const auto& field : map->fields)
                out.fields_.push_back(&field);
            std::ranges::sort(out.fields_, {}, [](const auto* field) { return field->first; });
        } else if (const std::int64_t* count = value.integer()) {
            out.size_ = *count > 0 ? static_cast<std::size_t>(*count) : 0;
        } else if (!value.is_nil()) {
            return std::nullopt;
        }
        return out;
    }

    std::size_t size() const { return size_; }

    std::pair<Value, Value> at(std::size_t i) const {
        if (!fields_.empty()) return {Value{fields_[i]->first}, fields_[i]->second};
        const Value index{static_cast<std::int64_t>(i)};
        return {index, value_.list() ? value_.list()->items[i] : index};
    }

  private:
    Value value_;  // keeps alive what fields_ points into
    std::vector<const std::pair<std::string, Value>*> fields_;
    std::size_t size_ = 0;
};

class Evaluator {
  public:
    Evaluator(const Tree& tree, Time now, const EvaluatorLimits& limits)
        : tree_(tree), now_(now), limits_(limits) {}

    Result<std::string> run(const Value& data) {
        variables_.push_back({"$", data});
        TRY(walk(tree_.root, data));
        return std::move(out_);
    }

  private:
    struct Variable {
        std::string name;
        Value value;
    };

    Error fail(std::string_view message) const { return template_error(line_, message); }

    Status write(std::string_view text) {
        if (text.size() > limits_.max_output_bytes - out_.size())
            return Error{ErrorCode::too_large, "the template's output is too long"};
        out_ += text;
        return Ok{};
    }

    Status count_step() {
        if (++steps_ > limits_.max_steps)
            return Error{ErrorCode::too_large, "the template takes too long"};
        return Ok{};
    }

    Result<Flow> walk(const Nodes& nodes, const Value& dot) {
        for (const Node& node : nodes) {
            TRY(count_step());
            TRY_ASSIGN(const Flow flow, walk(node, dot));
            if (flow != Flow::next) return flow;
        }
        return Flow::next;
    }

    Result<Flow> walk(const Node& node, const Value& dot) {
        line_ = node.line;
        switch (node.kind) {
            case Node::Kind::text:
                TRY(write(node.text));
                return Flow::next;
            case Node::Kind::action:
                TRY(print(node.pipeline, dot));
                return Flow::next;
            case Node::Kind::if_else:
            case Node::Kind::with:
                return walk_branch(node, dot);
            case Node::Kind::range:
                return walk_range(node, dot);
            case Node::Kind::call:
                TRY(call_template(node, dot));
                return Flow::next;
            case Node::Kind::break_loop:
                return Flow::break_loop;
            case Node::Kind::continue_loop:
                return Flow::continue_loop;
        }
        return Flow::next;
    }

    Status print(const Pipeline& pipeline, const Value& dot) {
        TRY_ASSIGN(const Value value, evaluate(pipeline, dot));
        if (!pipeline.variables.empty()) return Ok{};
        return write(value.is_nil() ? "<no value>" : to_text(value));
    }

    Result<Flow> walk_branch(const Node& node, const Value& dot) {
        const std::size_t mark = variables_.size();
        TRY_ASSIGN(const Value value, evaluate(node.pipeline, dot));
        const bool chosen = is_true(value);
        const bool moves_dot = chosen && node.kind == Node::Kind::with;
        const Nodes& nodes = chosen ? node.body : node.otherwise;
        TRY_ASSIGN(const Flow flow, walk(nodes, moves_dot ? value : dot));
        variables_.resize(mark);
        return flow;
    }

    Result<Flow> walk_range(const Node& node, const Value& dot) {
        const std::size_t mark = variables_.size();
        // The variables of a range hold its elements, not the range itself.
        Pipeline source = node.pipeline;
        const auto names = std::exchange(source.variables, {});
        TRY_ASSIGN(const Value value, evaluate(source, dot));
        TRY_ASSIGN(const auto elements, elements_of(value, names.size()));
        if (elements.size() == 0) {
            TRY_ASSIGN(const Flow flow, walk(node.otherwise, dot));
            variables_.resize(mark);
            return flow;
        }
        for (std::size_t i = 0; i < elements.size(); ++i) {
            const auto [key, element] = elements.at(i);
            TRY(count_step());
            TRY(bind_element(node.pipeline, names, key, element));
            TRY_ASSIGN(const Flow flow, walk(node.body, element));
            variables_.resize(mark);
            if (flow == Flow::break_loop) break;
        }
        return Flow::next;
    }

    Status bind_element(
        const Pipeline& pipeline,
        const std::vector<std::string>& names,
        const Value& key,
        const Value& element
    ) {
        if (names.empty()) return Ok{};
        std::vector<Value> values = {element};
        if (names.size() == 2) values = {key, element};
        for (std::size_t i = 0; i < names.size(); ++i)
            TRY(bind(names[i], values[i], pipeline.declares));
        return Ok{};
    }

    Result<Elements> elements_of(const Value& value, std::size_t variables) {
        const std::int64_t* count = value.integer();
        if (count && variables > 1)
            return fail(fmt::format("can't use {} to iterate over more than one variable", *count));
        auto elements = Elements::of(value);
        if (!elements) return fail("range can't iterate over " + to_text(value));
        return std::move(*elements);
    }

    Status call_template(const Node& node, const Value& dot) {
        const auto found = tree_.defined.find(node.text);
        if (found == tree_.defined.end())
            return fail(fmt::format("template \"{}\" not defined", node.text));
        if (++depth_ > limits_.max_depth) return fail("exceeded maximum template depth");
        Value inner;
        if (!node.pipeline.commands.empty()) {
            TRY_ASSIGN(inner, evaluate(node.pipeline, dot));
        }
        auto outer = std::exchange(variables_, {});
        variables_.push_back({"$", inner});
        TRY(walk(found->second, inner));
        variables_ = std::move(outer);
        --depth_;
        return Ok{};
    }

    Status bind(const std::string& name, const Value& value, bool declares) {
        if (declares) {
            variables_.push_back({name, value});
            return Ok{};
        }
        Variable* variable = find_variable(name);
        if (!variable) return fail(fmt::format("undefined variable: {}", name));
        variable->value = value;
        return Ok{};
    }

    Variable* find_variable(std::string_view name) {
        for (auto it = variables_.rbegin(); it != variables_.rend(); ++it)
            if (it->name == name) return &*it;
        return nullptr;
    }

    Result<Value> evaluate(const Pipeline& pipeline, const Value& dot) {
        Value value;
        bool first = true;
        for (const Command& command : pipeline.commands) {
            TRY_ASSIGN(value, evaluate(command, dot, first ? nullptr : &value));
            first = false;
        }
        for (const std::string& name : pipeline.variables)
            TRY(bind(name, value, pipeline.declares));
        return value;
    }

    // `piped` is the value of the command before, and the last argument of this one.
    Result<Value> evaluate(const Command& command, const Value& dot, const Value* piped) {
        TRY(count_step());
        const Operand& head = command.operands.front();
        if (head.kind == Operand::Kind::function && head.fields.empty())
            return call(command, dot, piped);
        if (command.operands.size() > 1 || piped) return refuse_arguments(head);
        return evaluate(head, dot);
    }

    Error refuse_arguments(const Operand& head) const {
        if (!head.fields.empty())
            return fail(fmt::format("{} is not a method but has arguments", head.fields.back()));
        return fail("can't give argument to non-function " + head.name);
    }

    Result<Value> evaluate(const Operand& operand, const Value& dot) {
        TRY_ASSIGN(Value value, evaluate_head(operand, dot));
        for (const std::string& field : operand.fields) {
            TRY_ASSIGN(value, field_of(value, field));
        }
        return value;
    }

    Result<Value> evaluate_head(const Operand& operand, const Value& dot) {
        switch (operand.kind) {
            case Operand::Kind::dot:
                return dot;
            case Operand::Kind::nil:
                return Value{};
            case Operand::Kind::constant:
                return operand.constant;
            case Operand::Kind::variable: {
                const Variable* variable = find_variable(operand.name);
                if (!variable) return fail(fmt::format("undefined variable: {}", operand.name));
                return variable->value;
            }
            case Operand::Kind::function:
                return call_function_here(operand.name, {});
            case Operand::Kind::pipeline:
                return evaluate(*operand.pipeline, dot);
        }
        return Value{};
    }

    Result<Value> field_of(const Value& value, const std::string& name) {
        TRY(count_step());
        if (value.is_nil()) return fail("nil pointer evaluating interface {}." + name);
        const Map* map = value.map();
        const Value* found = map ? map->find(name) : nullptr;
        if (found) return *found;
        if (map && map->struct_name.empty()) return Value{};
        return fail(fmt::format("can't evaluate field {} in type {}", name, type_name(value)));
    }

    Result<Value> call(const Command& command, const Value& dot, const Value* piped) {
        const std::string& name = command.operands.front().name;
        if (name == "and" || name == "or") return call_logic(command, dot, piped);
        std::vector<Value> arguments;
        for (std::size_t i = 1; i < command.operands.size(); ++i) {
            TRY_ASSIGN(auto argument, evaluate(command.operands[i], dot));
            arguments.push_back(std::move(argument));
        }
        if (piped) arguments.push_back(*piped);
        return call_function_here(name, arguments);
    }

    // The first operand that decides, or the last; those after it are not evaluated.
    Result<Value> call_logic(const Command& command, const Value& dot, const Value* piped) {
        const std::string& name = command.operands.front().name;
        const std::size_t count = command.operands.size() - 1 + (piped ? 1 : 0);
        if (count == 0)
            return fail(fmt::format("wrong number of args for {}: want at least 1 got 0", name));
        Value value;
        for (std::size_t i = 1; i < command.operands.size(); ++i) {
            TRY_ASSIGN(value, evaluate(command.operands[i], dot));
            if (is_true(value) == (name == "or")) return value;
        }
        return piped ? *piped : value;
    }

    Result<Value> call_function_here(const std::string& name, std::span<const Value> arguments) {
        // Variables could otherwise double a text with every step.
        std::size_t bytes = 0;
        for (const Value& argument : arguments)
            bytes += argument.text() ? argument.text()->size() : 0;
        if (bytes > limits_.max_value_bytes)
            return Error{ErrorCode::too_large, "a text within the template is too long"};

        auto value = call_function(name, arguments, now_);
        if (value) return value;
        const bool counted = value.error().message.starts_with("wrong number of args");
        if (counted) return fail(value.error().message);
        return fail(fmt::format("error calling {}: {}", name, value.error().message));
    }

    const Tree& tree_;
    const Time now_;
    const EvaluatorLimits& limits_;
    std::vector<Variable> variables_;
    std::string out_;
    std::size_t steps_ = 0;
    int depth_ = 0;
    int line_ = 1;
};

}  // namespace

Result<std::string> evaluate(
    const Tree& tree, const Value& data, Time now, const EvaluatorLimits& limits
) {
    return Evaluator(tree, now, limits).run(data);
}

}  // namespace moat::models::templates
