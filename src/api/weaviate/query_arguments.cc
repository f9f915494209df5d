#include "api/weaviate/query_arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "api/weaviate/where.h"

namespace moat::api::weaviate {
namespace {

constexpr std::size_t kMaxTargets = 64;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Result<Targets::Combination> read_combination(const json::Value& value) {
    using enum Targets::Combination;
    const std::string name = text_or(value, "combinationMethod", "minimum");
    if (name == "minimum") return minimum;
    if (name == "sum") return sum;
    if (name == "average") return average;
    if (name == "manualWeights") return weighted;
    if (name == "relativeScore") return relative_score;
    return invalid(fmt::format("there is no combinationMethod '{}'", name));
}

// {a: 0.3, b: 0.7}; a vector that is there more than once has a list.
Status read_weights(const json::Value& value, Targets& targets) {
    using enum Targets::Combination;
    if (targets.how != weighted && targets.how != relative_score) return Ok{};
    const json::Value* weights = member(value, "weights");
    std::map<std::string, std::size_t> seen;
    for (Targets::Target& target : targets.list) {
        const json::Value* given = weights ? member(*weights, target.vector) : nullptr;
        const std::size_t place = seen[target.vector]++;
        if (const json::Array* list = given ? given->if_array() : nullptr)
            given = place < list->size() ? &(*list)[place] : nullptr;
        if (given == nullptr || !given->is_number())
            return invalid(fmt::format("targets: the weight of {} is missing", target.vector));
        target.weight = given->to_number<double>();
    }
    return Ok{};
}

// nearX and hybrid may name the vector they mean, or several and how to combine them.
Status read_target(const json::Value& value, Query& query) {
    std::vector<std::string> names = texts_of(member(value, "targetVectors"));
    const json::Value* combined = member(value, "targets");
    if (names.empty() && combined != nullptr) names = texts_of(member(*combined, "targetVectors"));
    if (names.empty()) return Ok{};
    query.search.vector_name = names.front();
    if (names.size() == 1 && !query.targets) return Ok{};
    if (names.size() > kMaxTargets) return invalid("too many vectors to search by");
    // Each may come with its vector already (read_vectors_per_target).
    if (!query.targets) query.targets.emplace();
    std::vector<Targets::Target> list;
    for (std::string& name : names) {
        auto& given = query.targets->list;
        const auto found = std::ranges::find(given, name, &Targets::Target::vector);
        list.push_back({.vector = std::move(name)});
        if (found == given.end()) continue;
        list.back().query = std::move(found->query);
        given.erase(found);
    }
    query.targets->list = std::move(list);
    if (combined == nullptr) return Ok{};
    TRY_ASSIGN(query.targets->how, read_combination(*combined));
    return read_weights(*combined, *query.targets);
}

Status read_limits(const json::Value& value, Query& query) {
    if (const json::Value* certainty = member(value, "certainty")) {
        if (!certainty->is_number()) return invalid("certainty must be a number");
        query.certainty = certainty->to_number<double>();
    }
    if (const json::Value* distance = member(value, "distance")) {
        if (!distance->is_number()) return invalid("distance must be a number");
        if (query.certainty) return invalid("give certainty or distance, not both");
        query.search.max_distance = static_cast<float>(distance->to_number<double>());
    }
    return read_target(value, query);
}

Status start_search(Query& query, Query::Kind kind) {
    if (query.kind != Query::Kind::list)
        return invalid("only one of nearVector, nearObject, nearText, bm25 and hybrid may be given"
        );
    query.kind = kind;
    return Ok{};
}

// {a: [1, 2], b: [[3, 4], [5, 6]]}: of each name one vector, or several.
Status read_vectors_per_target(const json::Value& value, Query& query) {
    if (!value.is_object() || value.get_object().empty())
        return invalid("vectorPerTarget must name vectors");
    Targets targets;
    for (const auto& [key, given] : value.get_object()) {
        const json::Array* list = given.if_array();
        const bool several = list != nullptr && !list->empty() && list->front().is_array();
        for (const json::Value& each : several ? *list : json::Array{given}) {
            if (targets.list.size() == kMaxTargets) return invalid("too many vectors to search by");
            TRY_ASSIGN(auto vector, read_vector(each));
            targets.list.push_back({.vector = std::string(key), .query = std::move(vector)});
        }
    }
    query.search.vector_name = targets.list.front().vector;
    if (targets.list.size() == 1)
        query.search.vector = std::move(targets.list.front().query);
    else
        query.targets = std::move(targets);
    return Ok{};
}

Status read_near_vector(const json::Value& value, Query& query) {
    const json::Value* vector = member(value, "vector");
    const json::Value* named = member(value, "vectorPerTarget");
    if (vector == nullptr && named == nullptr) return invalid("nearVector needs a vector");
    if (vector != nullptr) {
        TRY_ASSIGN(query.search.vector, read_vector(*vector));
    } else {
        TRY(read_vectors_per_target(*named, query));
    }
    return read_limits(value, query);
}

Result<Uuid> read_object_id(const json::Value& value) {
    if (const json::Value* beacon = member(value, "beacon")) {
        TRY_ASSIGN(const Beacon parsed, parse_beacon(text_of(beacon, "")));
        return parsed.id;
    }
    const auto id = parse_uuid(text_or(value, "id", ""));
    if (!id) return invalid("an object is named by its id, a UUID, or its beacon");
    return *id;
}

Result<NearText::Move> read_move(const json::Value& value) {
    NearText::Move move;
    move.force = number_or(value, "force", 0);
    if (!std::isfinite(move.force) || move.force < 0 || move.force > 1)
        return invalid("the force of a move must be between 0 and 1");
    move.concepts = texts_of(member(value, "concepts"));
    if (const json::Value* objects = member(value, "objects"); objects && objects->is_array()) {
        for (const json::Value& entry : objects->get_array()) {
            TRY_ASSIGN(const Uuid id, read_object_id(entry));
            move.objects.push_back(id);
        }
    }
    if (move.concepts.empty() && move.objects.empty())
        return invalid("a move needs concepts or objects");
    return move;
}

Status read_near_text(const json::Value& value, Query& query) {
    NearText near;
    near.concepts = texts_of(member(value, "concepts"));
    if (const json::Value* move = member(value, "moveTo")) {
        TRY_ASSIGN(near.to, read_move(*move));
    }
    if (const json::Value* move = member(value, "moveAwayFrom")) {
        TRY_ASSIGN(near.away, read_move(*move));
    }
    query.near_text = std::move(near);
    return read_limits(value, query);
}

// "title^2"
Status read_properties(const json::Value& value, Query& query) {
    for (const std::string& entry : texts_of(member(value, "properties"))) {
        const std::size_t caret = entry.find('^');
        float boost = 1;
        if (caret != std::string::npos) {
            const char* begin = entry.data() + caret + 1;
            const char* end = entry.data() + entry.size();
            const auto read = std::from_chars(begin, end, boost);
            if (read.ec != std::errc() || read.ptr != end || !std::isfinite(boost) || boost < 0)
                return invalid(fmt::format("'{}' has no number after ^", entry));
        }
        query.search.properties.emplace_back(property_name(entry.substr(0, caret)), boost);
    }
    return Ok{};
}

// {operator: And} or {operator: Or, minimumOrTokensMatch: 2}
Status read_word_operator(const json::Value& value, std::string_view key, Query& query) {
    const json::Value* given = member(value, key);
    if (given == nullptr) return Ok{};
    query.search.every_term = equal_ignoring_case(text_or(*given, "operator", "Or"), "And");
    TRY_ASSIGN(query.search.least_terms, count_or(*given, "minimumOrTokensMatch", 0));
    return Ok{};
}

Status read_words(const json::Value& value, Query& query) {
    query.search.query = text_or(value, "query", "");
    TRY(read_word_operator(value, "searchOperator", query));
    return read_properties(value, query);
}

Status read_hybrid_searches(const json::Value& value, Query& query) {
    const json::Value* searches = member(value, "searches");
    if (searches == nullptr) return Ok{};
    if (const json::Value* text = member(*searches, "nearText")) TRY(read_near_text(*text, query));
    if (const json::Value* vector = member(*searches, "nearVector"))
        TRY(read_near_vector(*vector, query));
    return Ok{};
}

Status read_hybrid(const json::Value& value, Query& query) {
    query.search.query = text_or(value, "query", "");
    query.search.alpha = static_cast<float>(number_or(value, "alpha", 0.75));
    const std::string fusion = text_or(value, "fusionType", "relativeScoreFusion");
    if (fusion != "relativeScoreFusion" && fusion != "rankedFusion")
        return invalid("fusionType must be rankedFusion or relativeScoreFusion");
    query.search.fusion = fusion == "rankedFusion" ? collections::Fusion::ranked
                                                   : collections::Fusion::relative_score;
    if (const json::Value* vector = member(value, "vector")) {
        TRY_ASSIGN(query.search.vector, read_vector(*vector));
    }
    if (const json::Value* most = member(value, "maxVectorDistance"))
        query.search.max_distance = static_cast<float>(number_of(most, 0));
    TRY(read_hybrid_searches(value, query));
    TRY(read_word_operator(value, "bm25SearchOperator", query));
    TRY(read_target(value, query));
    return read_properties(value, query);
}

Status read_group_by(const json::Value& value, Query& query) {
    const std::vector<std::string> path = texts_of(member(value, "path"));
    if (path.size() != 1) return invalid("groupBy needs a path of one property");
    collections::GroupBy group{.property = property_name(path.front())};
    TRY_ASSIGN(group.groups, count_or(value, "groups", group.groups));
    TRY_ASSIGN(
        group.objects_per_group, count_or(value, "objectsPerGroup", group.objects_per_group)
    );
    query.search.group_by = std::move(group);
    return Ok{};
}

Status read_sort(const json::Value& value, Query& query) {
    if (!value.is_array()) return read_sort(json::Array{value}, query);
    for (const json::Value& entry : value.get_array()) {
        const std::vector<std::string> path = texts_of(member(entry, "path"));
        if (path.size() != 1) return invalid("sort needs a path of one property");
        query.search.sort.push_back(
            {.property = special_property(path.front()),
             .descending = text_or(entry, "order", "asc") == "desc"}
        );
    }
    return Ok{};
}

Status read_paging(const std::string& name, const json::Value& value, Query& query) {
    const json::Object only{{name, value}};
    if (name == "limit") {
        TRY_ASSIGN(query.search.limit, count_or(only, name, 0));
    } else if (name == "offset") {
        TRY_ASSIGN(query.search.offset, count_or(only, name, 0));
    } else if (name == "autocut") {
        TRY_ASSIGN(query.search.autocut, count_or(only, name, 0));
    } else if (name == "after" && text_of(&value, "").empty()) {
        query.after = Uuid{};  // from the beginning
    } else if (name == "after") {
        const auto id = parse_uuid(text_of(&value, ""));
        if (!id) return invalid("after must be a UUID");
        query.after = *id;
    }
    return Ok{};
}

Status read_argument(const std::string& name, const json::Value& value, Query& query) {
    using enum Query::Kind;
    if (name == "where") {
        TRY_ASSIGN(query.search.filter, read_where(value));
        return Ok{};
    }
    if (name == "nearVector") {
        TRY(start_search(query, near_vector));
        return read_near_vector(value, query);
    }
    if (name == "nearObject") {
        TRY(start_search(query, near_object));
        TRY_ASSIGN(query.search.near_object, read_object_id(value));
        return read_limits(value, query);
    }
    if (name == "nearText") {
        TRY(start_search(query, near_text));
        return read_near_text(value, query);
    }
    if (name == "bm25") {
        TRY(start_search(query, keywords));
        return read_words(value, query);
    }
    if (name == "hybrid") {
        TRY(start_search(query, hybrid));
        return read_hybrid(value, query);
    }
    if (name == "groupBy") return read_group_by(value, query);
    if (name == "sort") return read_sort(value, query);
    if (name == "tenant") {
        query.tenant = text_of(&value, "");
        return Ok{};
    }
    if (name == "limit" || name == "offset" || name == "autocut" || name == "after")
        return read_paging(name, value, query);
    if (name == "consistencyLevel") return Ok{};  // there is one copy of everything
    if (name.starts_with("near"))
        return Error{
            ErrorCode::unsupported,
            fmt::format("{} is not supported: there is no such module", name)
        };
    return invalid(fmt::format("Unknown argument \"{}\" on field \"{}\"", name, query.class_name));
}

}  // namespace

Result<Query> read_query(const std::string& class_name, const json::Object& arguments) {
    Query query;
    query.class_name = class_name;
    query.search.limit = kDefaultGraphqlLimit;
    for (const auto& [key, value] : arguments) {
        if (value.is_null()) continue;
        TRY(read_argument(std::string(key), value, query));
    }
    return query;
}

}  // namespace moat::api::weaviate
