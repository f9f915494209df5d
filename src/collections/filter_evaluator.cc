#include "collections/filter_evaluator.h"

#include <bit>
#include <cmath>
#include <compare>

#include <fmt/format.h>

#include "collections/analysis.h"
#include "index/unicode.h"

namespace moat::collections {

using index::RowSet;

namespace {

constexpr int kMaxDepth = 64;

Error invalid(std::string message) {
    return {ErrorCode::invalid_argument, std::move(message)};
}

std::partial_ordering compare(std::int64_t a, double b) {
    // Exact where the double cannot hold the integer: its whole part can be compared as one.
    constexpr double kLimit = 9223372036854775808.0;
    if (std::isnan(b)) return std::partial_ordering::unordered;
    if (b >= kLimit) return std::partial_ordering::less;
    if (b < -kLimit) return std::partial_ordering::greater;
    const double floor = std::floor(b);
    const auto whole = static_cast<std::int64_t>(floor);
    if (a != whole) return a <=> whole;
    return floor == b ? std::partial_ordering::equivalent : std::partial_ordering::less;
}

// The order of a stored value against the filter's.
std::partial_ordering compare(DataType type, std::uint64_t bits, const json::Value& value) {
    if (type == DataType::number) {
        return std::bit_cast<double>(bits) <=> value.to_number<double>();
    }
    const auto stored = static_cast<std::int64_t>(bits);
    if (type == DataType::integer && !value.is_int64()) {
        return compare(stored, value.to_number<double>());
    }
    const auto wanted = column_bits(type, value);
    if (!wanted) return std::partial_ordering::unordered;
    return stored <=> static_cast<std::int64_t>(*wanted);
}

bool accepts(FilterOperator op, std::partial_ordering order) {
    switch (op) {
        case FilterOperator::greater:
            return order > 0;
        case FilterOperator::greater_equal:
            return order >= 0;
        case FilterOperator::less:
            return order < 0;
        case FilterOperator::less_equal:
            return order <= 0;
        default:
            return order == 0;
    }
}

bool is_column_type(DataType type) {
    return type == DataType::integer || type == DataType::number || type == DataType::boolean ||
           type == DataType::date;
}

Status check_value(std::string_view name, DataType type, const json::Value& value) {
    const bool fits =
        type == DataType::integer ? value.is_number() : column_bits(type, value).has_value();
    if (fits) return Ok{};
    return invalid(fmt::format("the filter on '{}' needs a value of type {}", name, to_string(type))
    );
}

}  // namespace

struct FilterEvaluator::Target {
    std::string name;
    PropertyNumber number = 0;
    DataType type = DataType::text;
    Tokenization tokenization = Tokenization::field;
};

Result<RowSet> FilterEvaluator::rows(const Filter& filter) const {
    return evaluate(filter, 0);
}

Result<RowSet> FilterEvaluator::evaluate(const Filter& filter, int depth) const {
    if (depth > kMaxDepth) return invalid("the filter is nested too deeply");
    switch (filter.op) {
        case FilterOperator::all_of:
        case FilterOperator::any_of:
        case FilterOperator::none_of:
            return combine(filter, depth);
        default:
            break;
    }
    TRY_ASSIGN(RowSet found, leaf(filter));
    found &= *state_.live;
    return found;
}

Result<RowSet> FilterEvaluator::combine(const Filter& filter, int depth) const {
    if (filter.operands.empty()) return invalid("a filter group has no operands");
    RowSet found = filter.op == FilterOperator::all_of ? *state_.live : RowSet();
    for (const Filter& operand : filter.operands) {
        TRY_ASSIGN(const RowSet part, evaluate(operand, depth + 1));
        if (filter.op == FilterOperator::all_of) {
            found &= part;
        } else {
            found |= part;
        }
    }
    if (filter.op != FilterOperator::none_of) return found;
    RowSet rest = *state_.live;
    rest.subtract(found);
    return rest;
}

Result<FilterEvaluator::Target> FilterEvaluator::target_of(const Filter& filter) const {
    if (filter.property == "_created_ms") {
        return Target{filter.property, kCreatedProperty, DataType::integer, Tokenization::field};
    }
    if (filter.property == "_updated_ms") {
        return Target{filter.property, kUpdatedProperty, DataType::integer, Tokenization::field};
    }
    const Property* property = state_.schema->schema.find(filter.property);
    if (property == nullptr) {
        return invalid(
            fmt::format("the filter names a property '{}' that is not there", filter.property)
        );
    }
    if (!property->filterable) {
        return invalid(fmt::format("property '{}' is not filterable", filter.property));
    }
    const Tokenization how =
        property->type == DataType::text ? property->tokenization : Tokenization::field;
    return Target{property->name, state_.schema->number_of(*property), property->type, how};
}

Result<RowSet> FilterEvaluator::leaf(const Filter& filter) const {
    const auto all_but = [this](Result<RowSet> found) -> Result<RowSet> {
        TRY_ASSIGN(const RowSet excluded, std::move(found));
        RowSet rest = *state_.live;
        rest.subtract(excluded);
        return rest;
    };
    if (filter.property == "_id") {
        if (filter.op == FilterOperator::equal || filter.op == FilterOperator::contains_any) {
            return with_id(filter.value);
        }
        if (filter.op == FilterOperator::not_equal) return all_but(with_id(filter.value));
        return invalid("ids can be compared by equal, not_equal and contains_any only");
    }
    TRY_ASSIGN(const Target target, target_of(filter));
    switch (filter.op) {
        case FilterOperator::equal:
            return equal(target, filter.value);
        case FilterOperator::not_equal:
            return all_but(equal(target, filter.value));
        case FilterOperator::like:
            return like(target, filter.value);
        case FilterOperator::contains_any:
        case FilterOperator::contains_all:
            return contains(target, filter);
        case FilterOperator::contains_none:
            return all_but(contains(target, filter));
        case FilterOperator::within_range:
        case FilterOperator::refers_to:
            return Error{ErrorCode::unsupported, "collections cannot do this yet"};
        case FilterOperator::is_null:
            if (!filter.value.is_bool()) return invalid("is_null needs true or false");
            return filter.value.get_bool() ? all_but(having(target)) : having(target);
        default:
            return range(target, filter);
    }
}

Result<RowSet> FilterEvaluator::with_term(PropertyNumber property, std::string_view term) const {
    RowSet found;
    const std::string name = term_name(property, term);
    TRY(terms_.add_rows(name, name + '\xFF', [&](std::string_view n) { return n == name; }, found));
    return found;
}

Result<RowSet> FilterEvaluator::equal(const Target& target, const json::Value& value) const {
    if (is_column_type(target.type)) {
        return range(target, Filter{FilterOperator::equal, target.name, value, {}});
    }
    if (target.type == DataType::object) {
        return Error{
            ErrorCode::unsupported,
            fmt::format("'{}' is an object; only is_null can be asked of it", target.name)
        };
    }
    if (!value.is_string()) {
        return invalid(fmt::format("the filter on '{}' needs text", target.name));
    }
    const std::string_view text = json::view(value.get_string());
    if (target.type == DataType::uuid) {
        const auto id = parse_uuid(text);
        if (!id) return invalid(fmt::format("the filter on '{}' needs a UUID", target.name));
        return with_term(target.number, id->text());
    }
    RowSet found = *state_.live;
    const auto terms = tokenizer_.tokenize(text, target.tokenization);
    if (terms.empty()) return RowSet();
    for (const std::string& term : terms) {
        TRY_ASSIGN(const RowSet part, with_term(target.number, term));
        found &= part;
    }
    return found;
}

Result<RowSet> FilterEvaluator::contains(const Target& target, const Filter& filter) const {
    if (!filter.value.is_array()) {
        return invalid(fmt::format("the filter on '{}' needs a list of values", target.name));
    }
    const bool all = filter.op == FilterOperator::contains_all;
    RowSet found = all ? *state_.live : RowSet();
    for (const json::Value& element : filter.value.get_array()) {
        TRY_ASSIGN(const RowSet part, equal(target, element));
        if (all) {
            found &= part;
        } else {
            found |= part;
        }
    }
    return found;
}

Result<RowSet> FilterEvaluator::range(const Target& target, const Filter& filter) const {
    RowSet found;
    if (is_column_type(target.type)) {
        TRY(check_value(target.name, target.type, filter.value));
        TRY(terms_.visit_columns(target.number, [&](const Column& column) {
            for (std::size_t i = 0; i < column.values.size(); ++i) {
                const auto order = compare(target.type, column.values[i], filter.value);
                if (accepts(filter.op, order)) found.add(column.rows[i]);
            }
        }));
        return found;
    }
    if (target.type == DataType::object || !filter.value.is_string()) {
        return invalid(fmt::format("the filter on '{}' cannot compare this value", target.name));
    }
    const auto terms =
        tokenizer_.tokenize(json::view(filter.value.get_string()), target.tokenization);
    if (terms.size() != 1) {
        return invalid(fmt::format("the filter on '{}' must compare with one term", target.name));
    }
    const std::string all = term_prefix(target.number, "");
    const auto accept = [&](std::string_view name) {
        return accepts(filter.op, term_of(name).compare(terms.front()) <=> 0);
    };
    TRY(terms_.add_rows(all, end_of_prefix(all), accept, found));
    return found;
}

Result<RowSet> FilterEvaluator::like(const Target& target, const json::Value& value) const {
    if (target.type != DataType::text || !value.is_string()) {
        return invalid(fmt::format("the filter on '{}' needs text to be like", target.name));
    }
    const auto patterns =
        tokenizer_.tokenize_pattern(json::view(value.get_string()), target.tokenization);
    RowSet found = patterns.empty() ? RowSet() : *state_.live;
    for (const std::string& pattern : patterns) {
        const std::string_view literal =
            std::string_view(pattern).substr(0, pattern.find_first_of("*?"));
        const std::string begin = term_prefix(target.number, literal);
        RowSet part;
        const auto accept = [&](std::string_view name) {
            return matches_wildcards(term_of(name), pattern);
        };
        TRY(terms_.add_rows(begin, end_of_prefix(begin), accept, part));
        found &= part;
    }
    return found;
}

Result<RowSet> FilterEvaluator::having(const Target& target) const {
    RowSet found;
    TRY(terms_.visit_columns(target.number, [&](const Column& column) {
        for (const Row row : column.rows)
            found.add(row);
    }));
    return found;
}

Result<RowSet> FilterEvaluator::with_id(const json::Value& value) const {
    if (!value.is_array()) {
        const json::Array one{value};
        return with_id(one);
    }
    RowSet found;
    for (const json::Value& element : value.get_array()) {
        if (!element.is_string()) return invalid("an id is text");
        TRY_ASSIGN(const Uuid id, parse_uuid(json::view(element.get_string())));
        TRY_ASSIGN(
            const auto row, state_.snapshot->get(Space::ids, id_key(state_.schema->number, id))
        );
        if (row) found.add(static_cast<Row>(big_endian_of(*row)));
    }
    return found;
}

bool matches_wildcards(std::string_view text, std::string_view pattern) {
    std::size_t t = 0;
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;  // where to resume after a run that was too short
    std::size_t retry = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            retry = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            index::next_character(text, t);
            ++p;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++t;
            ++p;
        } else if (star != std::string_view::npos) {
            index::next_character(text, retry);
            t = retry;
            p = star;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

}  // namespace moat::collections
