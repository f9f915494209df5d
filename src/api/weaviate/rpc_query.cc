#include "api/weaviate/rpc_query.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "api/weaviate/where.h"

namespace moat::api::weaviate {
namespace {

using collections::Filter;
using collections::FilterOperator;
using collections::Schema;

static_assert(std::endian::native == std::endian::little, "vectors are sent little-endian");

constexpr std::size_t kMaxDepth = 64;
constexpr int kMaxTargets = 64;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// By number, from 1 on.
Result<FilterOperator> operator_of(int number) {
    using enum FilterOperator;
    constexpr std::array kOperators = {
        equal,
        not_equal,
        greater,
        greater_equal,
        less,
        less_equal,
        all_of,
        any_of,
        within_range,
        like,
        is_null,
        contains_any,
        contains_all,
        contains_none,
        none_of,
    };
    if (number < 1 || static_cast<std::size_t>(number) > kOperators.size())
        return invalid(fmt::format("there is no operator {}", number));
    return kOperators[static_cast<std::size_t>(number - 1)];
}

template <class List>
json::Value list_value(const List& list) {
    json::Array out;
    for (const auto& entry : list)
        out.emplace_back(entry);
    return out;
}

Result<json::Value> value_of(const wire::Filters& filters) {
    switch (filters.test_value_case()) {
        case wire::Filters::kValueText:
            return json::Value(filters.value_text());
        case wire::Filters::kValueInt:
            return json::Value(filters.value_int());
        case wire::Filters::kValueBoolean:
            return json::Value(filters.value_boolean());
        case wire::Filters::kValueNumber:
            return json::Value(filters.value_number());
        case wire::Filters::kValueTextArray:
            return list_value(filters.value_text_array().values());
        case wire::Filters::kValueIntArray:
            return list_value(filters.value_int_array().values());
        case wire::Filters::kValueBooleanArray:
            return list_value(filters.value_boolean_array().values());
        case wire::Filters::kValueNumberArray:
            return list_value(filters.value_number_array().values());
        case wire::Filters::kValueGeo:
            return json::Value(json::Object{
                {"latitude", filters.value_geo().latitude()},
                {"longitude", filters.value_geo().longitude()},
                {"distance", filters.value_geo().distance()},
            });
        case wire::Filters::TEST_VALUE_NOT_SET:
            break;
    }
    return invalid("a condition needs a value");
}

// The names on the way to the property, with the classes between them.
Status path_to(
    const wire::FilterTarget& target,
    const Schema& schema,
    const SchemaOf& schema_of,
    std::vector<std::string>& path
) {
    if (path.size() > 2 * kMaxDepth) return invalid("a condition is nested too deep");
    const auto follow = [&](const std::string& on,
                            const wire::FilterTarget& next,
                            std::string target_class) -> Status {
        const collections::Property* property = schema.find(property_name(on));
        if (property == nullptr || property->targets.empty())
            return invalid(fmt::format("class {} has no reference {}", schema.name, on));
        if (target_class.empty()) target_class = property->targets.front();
        path.push_back(on);
        path.push_back(target_class);
        TRY_ASSIGN(const Schema inner, schema_of(target_class));
        return path_to(next, inner, schema_of, path);
    };
    switch (target.target_case()) {
        case wire::FilterTarget::kProperty:
            path.push_back(target.property());
            return Ok{};
        case wire::FilterTarget::kSingleTarget:
            return follow(target.single_target().on(), target.single_target().target(), "");
        case wire::FilterTarget::kMultiTarget:
            return follow(
                target.multi_target().on(),
                target.multi_target().target(),
                target.multi_target().target_collection()
            );
        case wire::FilterTarget::kCount:
            path.push_back(fmt::format("len({})", target.count().on()));
            return Ok{};
        case wire::FilterTarget::TARGET_NOT_SET:
            break;
    }
    return invalid("a condition needs a target");
}

Result<Filter> read_condition(
    const wire::Filters& filters, const Schema& schema, const SchemaOf& schema_of, std::size_t depth
) {
    if (depth > kMaxDepth) return invalid("conditions are nested too deep");
    TRY_ASSIGN(const FilterOperator op, operator_of(filters.operator_()));
    if (op == FilterOperator::all_of || op == FilterOperator::any_of ||
        op == FilterOperator::none_of) {
        if (filters.filters().empty()) return invalid("And, Or and Not need conditions");
        Filter group{.op = op, .property = {}, .value = {}, .operands = {}};
        for (const wire::Filters& inner : filters.filters()) {
            TRY_ASSIGN(Filter operand, read_condition(inner, schema, schema_of, depth + 1));
            group.operands.push_back(std::move(operand));
        }
        return group;
    }
    std::vector<std::string> path(filters.on().begin(), filters.on().end());
    if (filters.has_target()) {
        path.clear();
        TRY(path_to(filters.target(), schema, schema_of, path));
    }
    TRY_ASSIGN(json::Value value, value_of(filters));
    return filter_at(path, op, std::move(value));
}

Targets::Combination combination_of(wire::CombinationMethod method) {
    using enum Targets::Combination;
    switch (method) {
        case wire::COMBINATION_METHOD_TYPE_SUM:
            return sum;
        case wire::COMBINATION_METHOD_TYPE_AVERAGE:
            return average;
        case wire::COMBINATION_METHOD_TYPE_RELATIVE_SCORE:
            return relative_score;
        case wire::COMBINATION_METHOD_TYPE_MANUAL:
            return weighted;
        default:
            return minimum;
    }
}

// Of the vector that is meant, or of several.
Status set_target(
    const wire::Targets& targets,
    const google::protobuf::RepeatedPtrField<std::string>& old,
    Query& query
) {
    const auto& names = targets.target_vectors().empty() ? old : targets.target_vectors();
    if (names.empty()) return Ok{};
    query.search.vector_name = names[0];
    if (names.size() == 1) return Ok{};
    if (names.size() > kMaxTargets) return invalid("too many vectors to search by");
    Targets& out = query.targets.emplace();
    out.how = combination_of(targets.combination());
    for (const std::string& name : names)
        out.list.push_back({.vector = name});
    if (out.how != Targets::Combination::weighted &&
        out.how != Targets::Combination::relative_score)
        return Ok{};
    // One for each target, in their order.
    const auto& weights = targets.weights_for_targets();
    for (int i = 0; i < names.size(); ++i) {
        if (i >= weights.size() || weights[i].target() != names[i])
            return invalid(fmt::format("targets: the weight of {} is missing", names[i]));
        out.list[static_cast<std::size_t>(i)].weight = weights[i].weight();
    }
    return Ok{};
}

template <class Near>
Status set_limits(const Near& near, Query& query) {
    if (near.has_certainty()) query.certainty = near.certainty();
    if (near.has_distance()) query.search.max_distance = static_cast<float>(near.distance());
    if (!near.has_selection() || !near.selection().has_mmr()) return Ok{};
    collections::Diversity diversity;
    diversity.lambda =
        near.selection().mmr().has_balance() ? near.selection().mmr().balance() : 0.5F;
    if (near.selection().mmr().has_limit()) query.search.limit = near.selection().mmr().limit();
    query.search.diversity = diversity;
    return Ok{};
}

Status read_vectors(
    const google::protobuf::RepeatedPtrField<wire::Vectors>& vectors, Query& query
) {
    if (vectors.empty()) return Ok{};
    if (vectors.size() > 1 || vectors[0].type() == wire::Vectors::VECTOR_TYPE_MULTI_FP32)
        return Error{
            ErrorCode::unsupported, "a search by several vectors at once is not supported"
        };
    TRY_ASSIGN(query.search.vector, read_floats(vectors[0].vector_bytes()));
    return Ok{};
}

void set_words(const wire::SearchOperatorOptions& options, Query& query) {
    query.search.every_term =
        options.operator_() == wire::SearchOperatorOptions::OPERATOR_AND ||
        options.operator_() == wire::SearchOperatorOptions::OPERATOR_AND_CROSS;
    const int least = options.minimum_or_tokens_match();
    query.search.least_terms = least > 0 ? static_cast<std::size_t>(least) : 0;
}

// "title^2"
Status set_properties(
    const google::protobuf::RepeatedPtrField<std::string>& properties, Query& query
) {
    for (const std::string& entry : properties) {
        const std::size_t caret = entry.find('^');
        float boost = 1;
        if (caret != std::string::npos) {
            const char* end = entry.data() + entry.size();
            const auto read = std::from_chars(entry.data() + caret + 1, end, boost);
            if (read.ec != std::errc() || read.ptr != end || !std::isfinite(boost) || boost < 0)
                return invalid(fmt::format("'{}' has no number after ^", entry));
        }
        query.search.properties.emplace_back(property_name(entry.substr(0, caret)), boost);
    }
    return Ok{};
}

Result<NearText::Move> read_move(const wire::NearTextSearch::Move& from) {
    NearText::Move move;
    move.force = from.force();
    if (!std::isfinite(move.force) || move.force < 0 || move.force > 1)
        return invalid("the force of a move must be between 0 and 1");
    move.concepts.assign(from.concepts().begin(), from.concepts().end());
    for (const std::string& text : from.uuids()) {
        TRY_ASSIGN(const Uuid id, parse_uuid(text));
        move.objects.push_back(id);
    }
    return move;
}

Status read_kind(const wire::SearchRequest& request, Query& query) {
    using enum Query::Kind;
    if (request.has_near_vector()) {
        query.kind = near_vector;
        return read_near_vector(request.near_vector(), query);
    }
    if (request.has_near_object()) {
        query.kind = near_object;
        return read_near_object(request.near_object(), query);
    }
    if (request.has_near_text()) {
        query.kind = near_text;
        return read_near_text(request.near_text(), query);
    }
    if (request.has_hybrid_search()) {
        query.kind = hybrid;
        return read_hybrid(request.hybrid_search(), query);
    }
    if (request.has_bm25_search()) {
        query.kind = keywords;
        query.search.query = request.bm25_search().query();
        if (request.bm25_search().has_search_operator())
            set_words(request.bm25_search().search_operator(), query);
        return set_properties(request.bm25_search().properties(), query);
    }
    return Ok{};
}

Status refuse_missing_modules(const wire::SearchRequest& request) {
    if (request.has_near_image() || request.has_near_audio() || request.has_near_video() ||
        request.has_near_depth() || request.has_near_thermal() || request.has_near_imu())
        return Error{
            ErrorCode::unsupported, "search by images, sound and the like is not supported"
        };
    if (request.has_boost()) return Error{ErrorCode::unsupported, "boost is not supported"};
    return Ok{};
}

void read_models(const wire::SearchRequest& request, Query& query) {
    if (request.has_rerank())
        query.rerank = Rerank{
            .property = property_name(request.rerank().property()),
            .query = request.rerank().query()
        };
    if (!request.has_generative()) return;
    const wire::GenerativeSearch& from = request.generative();
    Generate generate{.prompt = from.single().prompt(), .task = from.grouped().task()};
    if (generate.prompt.empty()) generate.prompt = from.single_response_prompt();
    if (generate.task.empty()) generate.task = from.grouped_response_task();
    const auto& properties = from.grouped().properties().values();
    generate.properties.assign(properties.begin(), properties.end());
    if (generate.properties.empty())
        generate.properties.assign(
            from.grouped_properties().begin(), from.grouped_properties().end()
        );
    query.generate = std::move(generate);
}

Status read_order(const wire::SearchRequest& request, Query& query) {
    for (const wire::SortBy& sort : request.sort_by()) {
        if (sort.path_size() != 1) return invalid("sort needs a path of one property");
        query.search.sort.push_back(
            {.property = special_property(sort.path(0)), .descending = !sort.ascending()}
        );
    }
    if (!request.after().empty()) {
        TRY_ASSIGN(query.after, parse_uuid(request.after()));
    }
    if (!request.has_group_by()) return Ok{};
    const wire::GroupBy& group = request.group_by();
    if (group.path_size() != 1 || group.number_of_groups() < 0 || group.objects_per_group() < 0)
        return invalid("groupBy needs a path of one property, and numbers of groups and objects");
    query.search.group_by = collections::GroupBy{
        .property = property_name(group.path(0)),
        .groups = static_cast<std::size_t>(group.number_of_groups()),
        .objects_per_group = static_cast<std::size_t>(group.objects_per_group()),
    };
    return Ok{};
}

}  // namespace

Result<std::vector<float>> read_floats(std::string_view bytes) {
    if (bytes.size() % sizeof(float) != 0)
        return invalid("a vector must be a whole number of 32-bit floats");
    std::vector<float> out(bytes.size() / sizeof(float));
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    for (const float number : out)
        if (!std::isfinite(number)) return invalid("a vector must hold finite numbers");
    return out;
}

std::string write_floats(std::span<const float> vector) {
    std::string out(vector.size_bytes(), '\0');
    if (!out.empty()) std::memcpy(out.data(), vector.data(), out.size());
    return out;
}

Result<Filter> read_filters(
    const wire::Filters& filters, const Schema& schema, const SchemaOf& schema_of
) {
    return read_condition(filters, schema, schema_of, 0);
}

namespace {

Result<std::vector<float>> vector_in(const wire::VectorForTarget& from) {
    if (!from.vector_bytes().empty()) return read_floats(from.vector_bytes());
    Query only;
    TRY(read_vectors(from.vectors(), only));
    return std::move(only.search.vector);
}

// Each of several targets its own vector, in their order.
Status set_vectors_for_targets(const wire::NearVector& near, Query& query) {
    const auto& given = near.vector_for_targets();
    if (given.empty()) return Ok{};
    if (!query.targets) {
        if (given.size() > 1) return invalid("name the targets of the vectors");
        query.search.vector_name = given[0].name();
        TRY_ASSIGN(query.search.vector, vector_in(given[0]));
        return Ok{};
    }
    auto& targets = query.targets->list;
    if (static_cast<std::size_t>(given.size()) != targets.size())
        return invalid("there must be a vector for each target");
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const wire::VectorForTarget& each = given[static_cast<int>(i)];
        if (each.name() != targets[i].vector)
            return invalid("the vectors must come in the order of their targets");
        TRY_ASSIGN(targets[i].query, vector_in(each));
    }
    return Ok{};
}

}  // namespace

Status read_near_vector(const wire::NearVector& near, Query& query) {
    TRY(set_target(near.targets(), near.target_vectors(), query));
    TRY(set_limits(near, query));
    TRY(read_vectors(near.vectors(), query));
    TRY(set_vectors_for_targets(near, query));
    if (!near.vector_bytes().empty()) {
        TRY_ASSIGN(query.search.vector, read_floats(near.vector_bytes()));
    }
    if (near.vector_size() > 0)
        query.search.vector.assign(near.vector().begin(), near.vector().end());
    return Ok{};
}

Status read_near_object(const wire::NearObject& near, Query& query) {
    TRY_ASSIGN(query.search.near_object, parse_uuid(near.id()));
    TRY(set_target(near.targets(), near.target_vectors(), query));
    return set_limits(near, query);
}

Status read_near_text(const wire::NearTextSearch& near, Query& query) {
    NearText text;
    text.concepts.assign(near.query().begin(), near.query().end());
    if (near.has_move_to()) {
        TRY_ASSIGN(text.to, read_move(near.move_to()));
    }
    if (near.has_move_away()) {
        TRY_ASSIGN(text.away, read_move(near.move_away()));
    }
    query.near_text = std::move(text);
    TRY(set_target(near.targets(), near.target_vectors(), query));
    return set_limits(near, query);
}

Status read_hybrid(const wire::Hybrid& hybrid, Query& query) {
    query.search.query = hybrid.query();
    query.search.alpha = hybrid.use_alpha_param() && hybrid.has_alpha_param() ? hybrid.alpha_param()
                                                                              : hybrid.alpha();
    query.search.fusion = hybrid.fusion_type() == 1 ? collections::Fusion::ranked
                                                    : collections::Fusion::relative_score;
    TRY(set_target(hybrid.targets(), hybrid.target_vectors(), query));
    if (hybrid.has_near_text()) TRY(read_near_text(hybrid.near_text(), query));
    if (hybrid.has_near_vector()) TRY(read_near_vector(hybrid.near_vector(), query));
    if (!hybrid.vector_bytes().empty()) {
        TRY_ASSIGN(query.search.vector, read_floats(hybrid.vector_bytes()));
    }
    if (hybrid.vector_size() > 0)
        query.search.vector.assign(hybrid.vector().begin(), hybrid.vector().end());
    TRY(read_vectors(hybrid.vectors(), query));
    if (hybrid.threshold_case() == wire::Hybrid::kVectorDistance)
        query.search.max_distance = hybrid.vector_distance();
    if (hybrid.has_bm25_search_operator()) set_words(hybrid.bm25_search_operator(), query);
    return set_properties(hybrid.properties(), query);
}

Result<Query> read_search(
    const wire::SearchRequest& request, const Schema& schema, const SchemaOf& schema_of
) {
    Query query;
    query.class_name = request.collection();
    query.tenant = request.tenant();
    query.search.limit = request.limit() == 0 ? kDefaultLimit : request.limit();
    query.search.offset = request.offset();
    query.search.autocut = request.autocut();
    TRY(refuse_missing_modules(request));
    if (request.has_filters()) {
        TRY_ASSIGN(query.search.filter, read_filters(request.filters(), schema, schema_of));
    }
    TRY(read_kind(request, query));
    read_models(request, query);
    TRY(read_order(request, query));
    return query;
}

}  // namespace moat::api::weaviate
