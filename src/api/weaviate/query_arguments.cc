#include "api/weaviate/query_arguments.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "api/weaviate/where.h"

namespace moat::api::weaviate {
namespace {

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// nearX and hybrid may name the vector they mean.
Status read_target(const json::Value& value, Query& query) {
    std::vector<std::string> targets = texts_of(member(value, "targetVectors"));
    if (targets.empty())
        if (const json::Value* combined = member(value, "targets"))
            targets = texts_of(member(*combined, "targetVectors"));
    if (targets.size() > 1)
        return Error{
            ErrorCode::unsupported, "a search of several vectors at once is not supported"
        };
    if (!targets.empty()) query.search.vector_name = targets.front();
    return Ok{};
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

Status read_near_vector(const json::Value& value, Query& query) {
    const json::Value* vector = member(value, "vector");
    if (vector == nullptr)
        if (const json::Value* named = member(value, "vectorPerTarget");
            named != nullptr && named->is_object() && named->get_object().size() == 1) {
            vector = &named->get_object().begin()->value();
            query.search.vector_name = std::string(named->get_object().begin()->key());
        }
    if (vector == nullptr) return invalid("nearVector needs a vector");
    TRY_ASSIGN(query.search.vector, read_vector(*vector));
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
