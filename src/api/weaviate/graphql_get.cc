#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/graphql.h"
#include "api/weaviate/names.h"
#include "api/weaviate/query_arguments.h"
#include "api/weaviate/search.h"

namespace moat::api::weaviate {
namespace {

using collections::Object;
using collections::Schema;
using collections::SearchHit;

constexpr std::size_t kMaxReferencesFollowed = 100'000;

bool selects(const std::vector<GraphqlField>& fields, std::string_view name) {
    return std::ranges::any_of(fields, [name](const GraphqlField& field) {
        return field.name == name || selects(field.fields, name);
    });
}

bool wants_vectors(const std::vector<GraphqlField>& fields) {
    return selects(fields, "vector") || selects(fields, "vectors");
}

json::Value optional_number(std::optional<float> number) {
    return number ? json::Value(static_cast<double>(*number)) : json::Value();
}

// Scores are texts in this protocol.
std::string score_text(float score) {
    return fmt::format("{}", score);
}

json::Object nested_value(const json::Object& value, const std::vector<GraphqlField>& fields);

json::Value nested_values(const json::Value& value, const std::vector<GraphqlField>& fields) {
    if (fields.empty()) return value;
    if (value.is_object()) return nested_value(value.get_object(), fields);
    if (!value.is_array()) return {};
    json::Array out;
    for (const json::Value& entry : value.get_array())
        out.push_back(nested_values(entry, fields));
    return out;
}

json::Object nested_value(const json::Object& value, const std::vector<GraphqlField>& fields) {
    json::Object out;
    for (const GraphqlField& field : fields) {
        const json::Value* found = member(value, field.name);
        out[field.key] = found == nullptr ? json::Value() : nested_values(*found, field.fields);
    }
    return out;
}

// Turns hits into what was selected of them.
class Writer {
  public:
    Writer(const Services& services, const Principal& who, const Query& query, const Answer& answer)
        : services_(services), who_(who), query_(query), answer_(answer) {}

    Result<json::Value> write(const std::vector<GraphqlField>& fields) {
        json::Array out;
        if (!query_.search.group_by) {
            for (const SearchHit& hit : answer_.result.hits) {
                TRY_ASSIGN(json::Object object, write_object(answer_.schema, hit, fields, nullptr));
                out.push_back(std::move(object));
            }
            return json::Value(std::move(out));
        }
        std::size_t number = 0;
        for (const collections::SearchGroup& group : answer_.result.groups) {
            const Group numbered{.group = group, .number = number++};
            const SearchHit& best = answer_.result.hits[group.hits.front()];
            TRY_ASSIGN(json::Object object, write_object(answer_.schema, best, fields, &numbered));
            out.push_back(std::move(object));
        }
        return json::Value(std::move(out));
    }

  private:
    struct Group {
        const collections::SearchGroup& group;
        std::size_t number;
    };

    Result<json::Object> write_object(
        const Schema& schema,
        const SearchHit& hit,
        const std::vector<GraphqlField>& fields,
        const Group* group
    ) {
        json::Object out;
        for (const GraphqlField& field : fields) {
            if (field.name == "...") {
                if (!field.type.empty() && field.type != schema.name) continue;
                TRY_ASSIGN(json::Object inner, write_object(schema, hit, field.fields, group));
                for (auto& [key, value] : inner)
                    out.insert_or_assign(key, std::move(value));
                continue;
            }
            if (field.name == "_additional") {
                TRY_ASSIGN(out[field.key], write_additional(schema, hit, field.fields, group));
                continue;
            }
            TRY_ASSIGN(out[field.key], write_property(schema, hit.object, field));
        }
        return out;
    }

    Result<json::Value> write_property(
        const Schema& schema, const Object& object, const GraphqlField& field
    ) {
        const collections::Property* property = schema.find(field.name);
        if (property == nullptr && field.name == "__typename") return json::Value(schema.name);
        if (property == nullptr) return no_such_field(field.name, schema.name);
        const json::Value* value = object.properties.if_contains(field.name);
        if (value == nullptr) return json::Value();
        if (property->type == collections::DataType::reference)
            return write_references(*value, field.fields);
        return nested_values(*value, field.fields);
    }

    Result<json::Value> write_references(
        const json::Value& value, const std::vector<GraphqlField>& fields
    ) {
        json::Array out;
        for (const Target& target : targets_of(value)) {
            if (++followed_ > kMaxReferencesFollowed)
                return Error{ErrorCode::too_large, "the query follows too many references"};
            // What a reference led to may be gone.
            const auto collection =
                Classes(services_).open_target(who_, target.class_name, query_.tenant);
            if (!collection) continue;
            auto object = (*collection)->get(who_, target.id, wants_vectors(fields));
            if (!object) continue;
            const SearchHit hit{.object = *std::move(object)};
            TRY_ASSIGN(
                json::Object written, write_object((*collection)->schema(), hit, fields, nullptr)
            );
            if (!written.empty()) out.push_back(std::move(written));
        }
        return out.empty() ? json::Value() : json::Value(std::move(out));
    }

    Result<json::Value> write_additional(
        const Schema& schema,
        const SearchHit& hit,
        const std::vector<GraphqlField>& fields,
        const Group* group
    ) {
        json::Object out;
        for (const GraphqlField& field : fields) {
            if (field.name == "group") {
                out[field.key] = nullptr;
                if (group == nullptr) continue;
                TRY_ASSIGN(out[field.key], write_group(field.fields, *group));
                continue;
            }
            TRY_ASSIGN(out[field.key], additional(schema, hit, field));
        }
        return json::Value(std::move(out));
    }

    Result<json::Value> additional(
        const Schema& schema, const SearchHit& hit, const GraphqlField& field
    ) {
        const Object& object = hit.object;
        const std::string& name = field.name;
        if (name == "id") return json::Value(object.id.text());
        if (name == "vector")
            return object.vector.empty() ? json::Value(json::Array{})
                                         : json::Value(vector_json(object.vector));
        if (name == "vectors") return named_vectors(object, field.fields);
        if (name == "distance") return optional_number(distance_of(hit));
        if (name == "certainty")
            return optional_number(certainty_of(schema, query_.search.vector_name, distance_of(hit))
            );
        if (name == "score") return json::Value(score_text(has_score() ? hit.score : 0));
        if (name == "explainScore") return json::Value(hit.explanation);
        if (name == "creationTimeUnix") return json::Value(std::to_string(object.created_ms));
        if (name == "lastUpdateTimeUnix") return json::Value(std::to_string(object.updated_ms));
        if (name == "isConsistent") return json::Value(true);
        if (name == "rerank" || name == "generate") return of_models(hit, field);
        return no_such_field(name, schema.name + "AdditionalProps");
    }

    // Only of the hits themselves, not of what they refer to.
    json::Value of_models(const SearchHit& hit, const GraphqlField& field) const {
        const std::vector<SearchHit>& hits = answer_.result.hits;
        if (hits.empty() || &hit < &hits.front() || &hit > &hits.back()) return {};
        const auto at = static_cast<std::size_t>(&hit - &hits.front());
        const Extras& extras = answer_.extras;
        json::Object out;
        for (const GraphqlField& wanted : field.fields) {
            json::Value& value = out[wanted.key];
            if (wanted.name == "score" && at < extras.scores.size())
                value = static_cast<double>(extras.scores[at]);
            if (wanted.name == "singleResult" && at < extras.texts.size()) value = extras.texts[at];
            if (wanted.name == "groupedResult" && at == 0 && extras.grouped)
                value = *extras.grouped;
        }
        if (field.name == "rerank") return json::Array{std::move(out)};
        return out;
    }

    static Result<json::Value> named_vectors(
        const Object& object, const std::vector<GraphqlField>& fields
    ) {
        json::Object out;
        for (const GraphqlField& field : fields) {
            const auto found = object.vectors.find(field.name);
            const bool unnamed = field.name == "default" && !object.vector.empty();
            if (found != object.vectors.end())
                out[field.key] = vector_json(found->second);
            else
                out[field.key] = unnamed ? json::Value(vector_json(object.vector)) : json::Value();
        }
        return json::Value(std::move(out));
    }

    Result<json::Value> write_group(
        const std::vector<GraphqlField>& fields, const Group& numbered
    ) {
        json::Object out;
        for (const GraphqlField& field : fields) {
            const std::string& name = field.name;
            if (name == "id")
                out[field.key] = numbered.number;
            else if (name == "groupedBy")
                out[field.key] = grouped_by(field.fields, numbered.group);
            else if (name == "count")
                out[field.key] = numbered.group.hits.size();
            else if (name == "minDistance" || name == "maxDistance")
                out[field.key] = edge(numbered.group, name == "maxDistance");
            else if (name == "hits") {
                TRY_ASSIGN(out[field.key], group_hits(field.fields, numbered.group));
            } else {
                return no_such_field(name, answer_.schema.name + "AdditionalGroup");
            }
        }
        return json::Value(std::move(out));
    }

    json::Value grouped_by(
        const std::vector<GraphqlField>& fields, const collections::SearchGroup& group
    ) const {
        json::Object out;
        for (const GraphqlField& field : fields)
            out[field.key] = field.name == "path"
                                 ? json::Value(json::Array{query_.search.group_by->property})
                                 : value_of(group);
        return out;
    }

    static json::Value value_of(const collections::SearchGroup& group) {
        if (group.value.is_null()) return "";
        return group.value.is_string() ? group.value : json::Value(json::write(group.value));
    }

    json::Value edge(const collections::SearchGroup& group, bool largest) const {
        std::optional<float> out;
        for (const std::size_t hit : group.hits) {
            const auto distance = distance_of(answer_.result.hits[hit]);
            if (!distance) continue;
            if (!out || (largest ? *distance > *out : *distance < *out)) out = distance;
        }
        return optional_number(out);
    }

    Result<json::Value> group_hits(
        const std::vector<GraphqlField>& fields, const collections::SearchGroup& group
    ) {
        json::Array out;
        for (const std::size_t hit : group.hits) {
            TRY_ASSIGN(
                json::Object object,
                write_object(answer_.schema, answer_.result.hits[hit], fields, nullptr)
            );
            out.push_back(std::move(object));
        }
        return json::Value(std::move(out));
    }

    bool has_score() const {
        return query_.kind == Query::Kind::keywords || query_.kind == Query::Kind::hybrid;
    }
    std::optional<float> distance_of(const SearchHit& hit) const {
        return has_score() || query_.kind == Query::Kind::list ? std::nullopt : hit.distance;
    }

    const Services& services_;
    const Principal& who_;
    const Query& query_;
    const Answer& answer_;
    std::size_t followed_ = 0;
};

// generate(singleResult: {prompt} groupedResult: {task properties}) and rerank(property query),
// among what is selected of a hit.
void read_models(const std::vector<GraphqlField>& fields, Query& query) {
    for (const GraphqlField& field : fields) {
        if (field.name != "_additional") continue;
        for (const GraphqlField& wanted : field.fields) {
            const json::Object& arguments = wanted.arguments;
            if (wanted.name == "rerank")
                query.rerank = Rerank{
                    .property = property_name(text_or(arguments, "property", "")),
                    .query = text_or(arguments, "query", ""),
                };
            if (wanted.name != "generate") continue;
            Generate generate;
            if (const json::Value* single = member(arguments, "singleResult"))
                generate.prompt = text_or(*single, "prompt", "");
            if (const json::Value* grouped = member(arguments, "groupedResult")) {
                generate.task = text_or(*grouped, "task", "");
                generate.properties = texts_of(member(*grouped, "properties"));
            }
            query.generate = std::move(generate);
        }
    }
}

}  // namespace

Result<json::Value> answer_get(
    const Services& services, const Principal& who, const GraphqlField& field, std::stop_token stop
) {
    const auto known = Classes(services).open(who, field.name);
    if (!known && known.error().code == ErrorCode::not_found)
        return no_such_field(field.name, "GetObjectsObj");
    TRY_ASSIGN(Query query, read_query(field.name, field.arguments));
    read_models(field.fields, query);
    query.search.with_vector = wants_vectors(field.fields);
    query.search.explain = selects(field.fields, "explainScore");
    TRY_ASSIGN(const Answer answer, run(services, who, query, std::move(stop)));
    return Writer(services, who, query, answer).write(field.fields);
}

}  // namespace moat::api::weaviate
