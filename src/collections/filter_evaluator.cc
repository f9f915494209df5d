#include "collections/filter_evaluator.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/clock.h"
#include "collections/analysis.h"
#include "collections/filter_interval.h"
#include "collections/object_codec.h"
#include "collections/stopwords.h"
#include "index/unicode.h"

namespace moat::collections {

using index::RowSet;

namespace {

constexpr int kMaxDepth = 64;
// So many objects or fewer that are pointed to are looked up one by one; of more, the references
// are gone through.
constexpr std::size_t kFewTargets = 1000;

Error invalid(std::string message) {
    return {ErrorCode::invalid_argument, std::move(message)};
}

bool is_column_type(DataType type) {
    return type == DataType::integer || type == DataType::number || type == DataType::boolean ||
           type == DataType::date;
}

bool accepts(FilterOperator op, int order) {
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

Status check_value(std::string_view name, DataType type, const json::Value& value) {
    const bool fits =
        type == DataType::integer ? value.is_number() : column_bits(type, value).has_value();
    if (fits) return Ok{};
    return invalid(fmt::format("the filter on '{}' needs a value of type {}", name, to_string(type))
    );
}

// On a sphere of the mean radius, as the haversine formula has it.
double metres_between(const Place& a, const Place& b) {
    constexpr double kRadius = 6'371'008.8;
    const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
    const double up = std::sin(radians(b.latitude - a.latitude) / 2);
    const double over = std::sin(radians(b.longitude - a.longitude) / 2);
    const double h =
        up * up + std::cos(radians(a.latitude)) * std::cos(radians(b.latitude)) * over * over;
    return 2 * kRadius * std::asin(std::min(1.0, std::sqrt(h)));
}

constexpr double kMetresPerDegree = 111'195.0;  // of latitude, rounded up

}  // namespace

struct FilterEvaluator::Target {
    std::string name;
    PropertyNumber number = 0;
    DataType type = DataType::text;
    Tokenization tokenization = Tokenization::field;
    bool is_length = false;  // rows without an entry have the length 0
};

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
    TRY_ASSIGN(RowSet found, leaf(filter, depth));
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
    return all_but(std::move(found));
}

Result<RowSet> FilterEvaluator::all_but(Result<RowSet> excluded) const {
    TRY_ASSIGN(const RowSet found, std::move(excluded));
    RowSet rest = *state_.live;
    rest.subtract(found);
    return rest;
}

Result<FilterEvaluator::Target> FilterEvaluator::length_target(const std::string& name) const {
    if (!state_.schema->schema.index_lengths) {
        return invalid(fmt::format(
            "the filter asks for {}, and collection '{}' does not index lengths",
            name,
            state_.schema->schema.name
        ));
    }
    TRY_ASSIGN(Target target, target_of(name.substr(4, name.size() - 5)));
    target.name = name;
    target.number = length_of(target.number);
    target.type = DataType::integer;
    target.is_length = true;
    return target;
}

Result<FilterEvaluator::Target> FilterEvaluator::target_of(const std::string& name) const {
    if (name == "_created_ms") return Target{name, kCreatedProperty, DataType::integer};
    if (name == "_updated_ms") return Target{name, kUpdatedProperty, DataType::integer};
    if (name.starts_with("len(") && name.ends_with(')')) return length_target(name);
    const Property* property = state_.schema->schema.find(name);
    if (property == nullptr) {
        return invalid(fmt::format("the filter names a property '{}' that is not there", name));
    }
    if (!property->filterable) {
        return invalid(fmt::format("property '{}' is not filterable", name));
    }
    const Tokenization how =
        property->type == DataType::text ? property->tokenization : Tokenization::field;
    return Target{name, state_.schema->number_of(*property), property->type, how};
}

Result<RowSet> FilterEvaluator::leaf(const Filter& filter, int depth) const {
    if (filter.op == FilterOperator::refers_to) return referring(filter, depth);
    if (filter.property == "_id") return ids(filter);
    TRY_ASSIGN(const Target target, target_of(filter.property));
    TRY_ASSIGN(RowSet found, ask(target, filter));
    if (!target.is_length) return found;
    const auto zero = interval_of(DataType::integer, filter.op, filter.value);
    const std::uint64_t none = sortable(DataType::integer, 0);
    // Of not_equal, those without an entry passed above as all others did.
    const bool by_range = filter.op != FilterOperator::not_equal;
    if (!by_range || !zero || none < zero->least || none > zero->greatest) return found;
    TRY_ASSIGN(const RowSet without, all_but(having(target)));
    found |= without;
    return found;
}

Result<RowSet> FilterEvaluator::ask(const Target& target, const Filter& filter) const {
    switch (filter.op) {
        case FilterOperator::equal:
            return equal(target, filter.value);
        case FilterOperator::not_equal:
            // An absent length is 0.
            if (target.is_length && filter.value == json::Value(0)) return having(target);
            return all_but(equal(target, filter.value));
        case FilterOperator::like:
            return like(target, filter.value);
        case FilterOperator::contains_any:
        case FilterOperator::contains_all:
            return contains(target, filter);
        case FilterOperator::contains_none:
            return all_but(contains(target, filter));
        case FilterOperator::within_range:
            return within(target, filter.value);
        case FilterOperator::is_null:
            if (!filter.value.is_bool()) return invalid("is_null needs true or false");
            return filter.value.get_bool() ? all_but(having(target)) : having(target);
        default:
            return range(target, filter.op, filter.value);
    }
}

Result<RowSet> FilterEvaluator::with_term(PropertyNumber property, std::string_view term) const {
    RowSet found;
    const std::string name = term_name(property, term);
    TRY(terms_.add_rows(name, name + '\xFF', [&](std::string_view n) { return n == name; }, found));
    return found;
}

Result<RowSet> FilterEvaluator::equal(const Target& target, const json::Value& value) const {
    if (is_column_type(target.type)) return range(target, FilterOperator::equal, value);
    if (target.type == DataType::object || target.type == DataType::blob ||
        target.type == DataType::geo) {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "'{}' is of type {}, which has no such filter", target.name, to_string(target.type)
            )
        };
    }
    if (target.type == DataType::reference) {
        const Property* property = state_.schema->schema.find(target.name);
        TRY_ASSIGN(const std::string text, reference_text(*property, value));
        return with_term(target.number, text);
    }
    if (!value.is_string()) {
        return invalid(fmt::format("the filter on '{}' needs text", target.name));
    }
    const std::string_view text = json::view(value.get_string());
    if (target.type == DataType::text) return equal_text(target, text);
    const auto id = parse_uuid(text);
    if (!id) return invalid(fmt::format("the filter on '{}' needs a UUID", target.name));
    return with_term(target.number, id->text());
}

Result<RowSet> FilterEvaluator::equal_text(const Target& target, std::string_view text) const {
    const auto terms =
        query_terms(tokenizer_, state_.schema->schema.stopwords, target.tokenization, text);
    RowSet found = terms.empty() ? RowSet() : *state_.live;
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

Result<RowSet> FilterEvaluator::range(
    const Target& target, FilterOperator op, const json::Value& value
) const {
    if (!is_column_type(target.type)) return term_range(target, op, value);
    TRY(check_value(target.name, target.type, value));
    RowSet found;
    if (const auto interval = interval_of(target.type, op, value)) {
        TRY(terms_.add_rows_between(
            target.number, target.type, interval->least, interval->greatest, found
        ));
    }
    return found;
}

Result<RowSet> FilterEvaluator::term_range(
    const Target& target, FilterOperator op, const json::Value& value
) const {
    if ((target.type != DataType::text && target.type != DataType::uuid) || !value.is_string()) {
        return invalid(fmt::format("the filter on '{}' cannot compare this value", target.name));
    }
    const auto terms = tokenizer_.tokenize(json::view(value.get_string()), target.tokenization);
    if (terms.size() != 1) {
        return invalid(fmt::format("the filter on '{}' must compare with one term", target.name));
    }
    const std::string all = term_prefix(target.number, "");
    const std::string at = term_name(target.number, terms.front());
    const bool upward = op == FilterOperator::greater || op == FilterOperator::greater_equal;
    const std::string begin = upward ? at : all;
    const std::string end = upward ? end_of_prefix(all) : at + '\xFF';
    RowSet found;
    const auto accept = [&](std::string_view name) {
        return accepts(op, term_of(name).compare(terms.front()));
    };
    TRY(terms_.add_rows(begin, end, accept, found));
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

Result<RowSet> FilterEvaluator::within(const Target& target, const json::Value& value) const {
    if (target.type != DataType::geo) {
        return invalid(fmt::format("property '{}' holds no places", target.name));
    }
    const double distance = json::number_or(value, "distance", -1);
    const Place centre{
        json::number_or(value, "latitude", 1000), json::number_or(value, "longitude", 1000)
    };
    if (!geo_bits(centre.latitude, centre.longitude) || !(distance >= 0)) {
        return invalid(fmt::format(
            "the filter on '{}' needs latitude, longitude and a distance in metres", target.name
        ));
    }
    // The values sort by latitude: a band of it is read, and each place in it measured.
    const double reach = distance / kMetresPerDegree + 1e-6;
    const auto least = geo_bits(std::max(-90.0, centre.latitude - reach), -180);
    const auto greatest = geo_bits(std::min(90.0, centre.latitude + reach), 180);
    RowSet found;
    TRY(terms_.visit_between(
        target.number,
        DataType::geo,
        *least,
        *greatest,
        [&](Row row, std::uint64_t bits) {
            if (metres_between(centre, place_of(bits)) <= distance) found.add(row);
        }
    ));
    return found;
}

Result<RowSet> FilterEvaluator::having(const Target& target) const {
    RowSet found;
    const DataType type = target.type;
    TRY(terms_.visit_columns(target.number, type, [&](const Column& column) {
        for (const Row row : column.rows)
            found.add(row);
    }));
    return found;
}

Result<RowSet> FilterEvaluator::rows_before(const std::string& property, std::int64_t time_ms)
    const {
    TRY_ASSIGN(const Target target, target_of(property));
    const bool is_date = target.type == DataType::date;
    constexpr std::int64_t kNanoseconds = 1'000'000;
    const std::int64_t limit = is_date ? time_ms * kNanoseconds : time_ms;
    RowSet found;
    TRY(terms_.add_rows_between(
        target.number,
        target.type,
        0,
        sortable(target.type, static_cast<std::uint64_t>(limit)),
        found
    ));
    found &= *state_.live;
    return found;
}

Result<RowSet> FilterEvaluator::ids(const Filter& filter) const {
    switch (filter.op) {
        case FilterOperator::equal:
        case FilterOperator::contains_any:
            return with_id(filter.value);
        case FilterOperator::not_equal:
        case FilterOperator::contains_none:
            return all_but(with_id(filter.value));
        default:
            return invalid("ids can be compared by equal, not_equal, contains_any and _none only");
    }
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

Result<RowSet> FilterEvaluator::referring(const Filter& filter, int depth) const {
    const Property* property = state_.schema->schema.find(filter.property);
    if (property == nullptr || property->type != DataType::reference || !property->filterable) {
        return invalid(fmt::format("property '{}' is no filterable reference", filter.property));
    }
    if (!filter.value.is_string() || filter.operands.size() != 1) {
        return invalid("a filter through a reference needs a collection and one condition");
    }
    if (!find_) {
        return Error{ErrorCode::unsupported, "references cannot be followed from here"};
    }
    TRY_ASSIGN(const auto target, find_(json::view(filter.value.get_string())));
    TRY_ASSIGN(
        const RowSet rows,
        FilterEvaluator(*target, tokenizer_, find_).evaluate(filter.operands.front(), depth + 1)
    );
    RowSet found;
    if (rows.empty()) return found;
    // References hold the name that the collection had when they were written.
    for (const std::string& name : property->targets) {
        const auto named = find_(name);
        if (!named || (*named)->schema->number != target->schema->number) continue;
        TRY_ASSIGN(
            const RowSet part,
            referring_to(state_.schema->number_of(*property), name, *target, rows)
        );
        found |= part;
    }
    return found;
}

Result<RowSet> FilterEvaluator::referring_to(
    PropertyNumber property,
    std::string_view name,
    const CollectionState& target,
    const RowSet& rows
) const {
    RowSet found;
    const std::string start = std::string(name) + "/";
    if (rows.count() <= kFewTargets) {
        Status status = Ok{};
        rows.for_each([&](Row row) {
            if (!status) return;
            status = [&]() -> Status {
                TRY_ASSIGN(
                    const auto bytes,
                    target.snapshot->get(Space::objects, row_key(target.schema->number, row))
                );
                TRY_ASSIGN(const Uuid id, decode_id(bytes.value_or("")));
                TRY_ASSIGN(const RowSet part, with_term(property, start + id.text()));
                found |= part;
                return Ok{};
            }();
        });
        TRY(std::move(status));
        return found;
    }
    Status status = Ok{};
    const auto accept = [&](std::string_view term) {
        const auto id = parse_uuid(term_of(term).substr(start.size()));
        if (!id || !status) return false;
        const auto row = target.snapshot->get(Space::ids, id_key(target.schema->number, *id));
        if (!row) status = row.error();
        return row && *row && rows.contains(static_cast<Row>(big_endian_of(**row)));
    };
    const std::string begin = term_prefix(property, start);
    TRY(terms_.add_rows(begin, end_of_prefix(begin), accept, found));
    TRY(std::move(status));
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
