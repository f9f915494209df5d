#include "api/weaviate/search.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/vector_config.h"
#include "api/weaviate/vectorizer.h"

namespace moat::api::weaviate {
namespace {

using collections::Collection;
using collections::Distance;
using collections::Schema;
using Vector = std::vector<float>;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// A class may have named vectors only, and then a query need not name the only one.
Status choose_vector(const Schema& schema, std::string& name) {
    if (name.empty()) {
        if (schema.vectors.empty()) return Ok{};
        if (schema.vectors.size() > 1)
            return invalid(fmt::format("class {} has several vectors: name one", schema.name));
        name = schema.vectors.front().name;
        return Ok{};
    }
    // The clients call the unnamed vector "default".
    if (schema.vectors.empty() && name == "default") name.clear();
    if (!name.empty() && schema.find_vector(name) == nullptr)
        return invalid(fmt::format("class {} has no vector named {}", schema.name, name));
    return Ok{};
}

Vector mean(const std::vector<Vector>& vectors) {
    Vector out = vectors.front();
    for (std::size_t v = 1; v < vectors.size(); ++v)
        for (std::size_t i = 0; i < out.size() && i < vectors[v].size(); ++i)
            out[i] += vectors[v][i];
    for (float& number : out)
        number /= static_cast<float>(vectors.size());
    return out;
}

// Everything that texts are turned into vectors with.
struct TextSearch {
    const Services& services;
    const Principal& who;
    const Collection& collection;
    const Schema& schema;
    const std::string& vector;
    std::stop_token stop;

    Result<std::vector<Vector>> embed(const std::vector<std::string>& texts) const {
        return Vectorizer(services.embedder).embed(who, schema, vector, texts, stop);
    }

    // The mean of a move's concepts and objects; empty when it has none.
    Result<Vector> target_of(const NearText::Move& move) const {
        std::vector<Vector> parts;
        if (!move.concepts.empty()) {
            TRY_ASSIGN(parts, embed(move.concepts));
        }
        for (const Uuid& id : move.objects) {
            TRY_ASSIGN(collections::Object object, collection.get(who, id, true));
            if (!vector.empty()) object.vector = object.vectors[vector];
            if (!object.vector.empty()) parts.push_back(std::move(object.vector));
        }
        return parts.empty() ? Vector() : mean(parts);
    }

    // Weaviate's formulas: towards, half the force mixes the target in; away, half of the
    // difference is added.
    Result<Vector> vector_of(const NearText& near) const {
        if (near.concepts.empty()) return invalid("nearText needs concepts");
        TRY_ASSIGN(const std::vector<Vector> concepts, embed(near.concepts));
        Vector out = mean(concepts);
        if (near.to) {
            TRY_ASSIGN(const Vector target, target_of(*near.to));
            const auto force = static_cast<float>(near.to->force / 2);
            for (std::size_t i = 0; i < out.size() && i < target.size(); ++i)
                out[i] = out[i] * (1 - force) + target[i] * force;
        }
        if (near.away) {
            TRY_ASSIGN(const Vector target, target_of(*near.away));
            const auto force = static_cast<float>(near.away->force / 2);
            for (std::size_t i = 0; i < out.size() && i < target.size(); ++i)
                out[i] += force * (out[i] - target[i]);
        }
        return out;
    }
};

Distance distance_by(const Schema& schema, std::string_view vector) {
    const collections::NamedVector* named = vector.empty() ? nullptr : schema.find_vector(vector);
    return named == nullptr ? schema.distance : named->distance;
}

Status set_certainty(const Schema& schema, Query& query) {
    if (!query.certainty) return Ok{};
    if (distance_by(schema, query.search.vector_name) != Distance::cosine)
        return invalid("certainty is for the distance cosine only: give a distance");
    if (*query.certainty < 0 || *query.certainty > 1)
        return invalid("certainty must be between 0 and 1");
    query.search.max_distance = static_cast<float>(2 * (1 - *query.certainty));
    return Ok{};
}

Status complete_hybrid(const TextSearch& texts, Query& query) {
    collections::SearchRequest& search = query.search;
    if (search.alpha < 0 || search.alpha > 1) return invalid("alpha must be between 0 and 1");
    if (search.query.empty()) {
        if (search.vector.empty() && !query.near_text)
            return invalid("hybrid search needs a query or a vector");
        search.alpha = 1;
    }
    if (search.alpha == 0) {  // words only
        search.vector.clear();
        return Ok{};
    }
    if (query.near_text) {
        TRY_ASSIGN(search.vector, texts.vector_of(*query.near_text));
    } else if (search.vector.empty()) {
        TRY_ASSIGN(auto vectors, texts.embed({search.query}));
        search.vector = std::move(vectors.front());
    }
    if (search.alpha == 1) search.query.clear();
    return Ok{};
}

Result<collections::SearchResult> list_objects(
    const Collection& collection, const Principal& who, const Query& query
) {
    collections::ListRequest request{
        .after = query.after,
        .limit = query.search.limit,
        .offset = query.search.offset,
        .filter = query.search.filter,
        .sort = query.search.sort,
        .with_vector = query.search.with_vector,
    };
    if (request.after && (request.offset != 0 || !request.sort.empty()))
        return invalid("after cannot be combined with offset or sort");
    TRY_ASSIGN(auto objects, collection.list(who, request));
    collections::SearchResult out;
    for (collections::Object& object : objects)
        out.hits.push_back({.object = std::move(object)});
    return out;
}

// The query of each target: its own, or what the text or the object is by that vector.
Status complete_targets(
    const Services& services,
    const Principal& who,
    const Collection& collection,
    const Schema& schema,
    Query& query,
    const std::stop_token& stop
) {
    collections::SearchRequest& search = query.search;
    if (query.kind == Query::Kind::hybrid || query.certainty)
        return Error{
            ErrorCode::unsupported,
            "hybrid and certainty are for one vector: name one, or search by nearVector, nearText "
            "or nearObject with a distance"
        };
    search.alpha = 1;
    std::optional<collections::Object> object;
    if (query.kind == Query::Kind::near_object) {
        TRY_ASSIGN(object, collection.get(who, *search.near_object, true));
        search.near_object.reset();
    }
    for (Targets::Target& target : query.targets->list) {
        if (schema.find_vector(target.vector) == nullptr)
            return invalid(
                fmt::format("class {} has no vector named {}", schema.name, target.vector)
            );
        if (query.near_text) {
            const TextSearch texts{services, who, collection, schema, target.vector, stop};
            TRY_ASSIGN(target.query, texts.vector_of(*query.near_text));
        }
        if (object) target.query = object->vectors[target.vector];
        if (target.query.empty()) target.query = search.vector;
        if (target.query.empty())
            return invalid(fmt::format("there is no vector to compare {} with", target.vector));
    }
    return Ok{};
}

}  // namespace

Status complete(
    const Services& services,
    const Principal& who,
    const Collection& collection,
    const Schema& schema,
    Query& query,
    std::stop_token stop
) {
    collections::SearchRequest& search = query.search;
    if (query.kind == Query::Kind::list) return Ok{};
    if (query.kind == Query::Kind::keywords) {
        if (search.query.empty()) return invalid("bm25 needs a query");
        search.vector.clear();
        return Ok{};
    }
    if (query.targets) return complete_targets(services, who, collection, schema, query, stop);
    TRY(choose_vector(schema, search.vector_name));
    TRY(set_certainty(schema, query));
    const TextSearch texts{services, who, collection, schema, search.vector_name, std::move(stop)};
    if (query.kind == Query::Kind::hybrid) return complete_hybrid(texts, query);
    search.alpha = 1;
    if (query.kind == Query::Kind::near_vector && search.vector.empty())
        return invalid("nearVector needs a vector");
    if (query.kind == Query::Kind::near_text) {
        if (!query.near_text) return invalid("nearText needs concepts");
        TRY_ASSIGN(search.vector, texts.vector_of(*query.near_text));
    }
    return Ok{};
}

namespace {

// What was searched for, in words.
std::string words_of(const Query& query) {
    if (!query.near_text) return query.search.query;
    std::string out;
    for (const std::string& text : query.near_text->concepts)
        out += (out.empty() ? "" : " ") + text;
    return out;
}

Status ask_models(
    const Services& services,
    const Principal& who,
    const Query& query,
    const std::string& words,
    Answer& answer,
    const std::stop_token& stop
) {
    if (!query.rerank && !query.generate) return Ok{};
    if (query.rerank) {
        Rerank rerank = *query.rerank;
        if (rerank.query.empty()) rerank.query = words;
        TRY(rerank_hits(services.modules, who, rerank, answer.result, answer.extras, stop));
    }
    if (!query.generate) return Ok{};
    return generate_texts(
        services.modules, who, *query.generate, answer.result.hits, answer.extras, stop
    );
}

}  // namespace

namespace {

Result<collections::SearchResult> find(
    const Collection& collection, const Principal& who, const Query& query
) {
    if (query.targets) return search_targets(collection, who, query.search, *query.targets);
    return collection.search(who, query.search);
}

}  // namespace

Result<Answer> run(
    const Services& services, const Principal& who, Query query, std::stop_token stop
) {
    if (query.search.limit + query.search.offset > collections::kMaxSearchDepth)
        return invalid(fmt::format(
            "query maximum results exceeded: offset and limit together may be {} at most",
            collections::kMaxSearchDepth
        ));
    Answer answer;
    TRY_ASSIGN(
        answer.collection, Classes(services).open(who, query.class_name, query.tenant, false)
    );
    answer.schema = answer.collection->schema();
    const std::string words = words_of(query);  // complete() may drop them
    TRY(complete(services, who, *answer.collection, answer.schema, query, stop));
    if (query.kind == Query::Kind::list) {
        TRY_ASSIGN(answer.result, list_objects(*answer.collection, who, query));
    } else {
        if (query.after) return invalid("after cannot be combined with a search");
        TRY_ASSIGN(answer.result, find(*answer.collection, who, query));
    }
    TRY(ask_models(services, who, query, words, answer, stop));
    return answer;
}

Result<std::vector<collections::AggregateGroup>> aggregate(
    const Services& services,
    const Principal& who,
    const Collection& collection,
    Query query,
    Counting counting,
    std::stop_token stop
) {
    collections::AggregateRequest request{
        .filter = query.search.filter,
        .properties = std::move(counting.properties),
        .group_by = std::move(counting.group_by),
        .limit = counting.groups,
    };
    if (query.targets)
        return Error{ErrorCode::unsupported, "only a search by one vector can be aggregated"};
    if (query.kind != Query::Kind::list) {
        TRY(complete(services, who, collection, collection.schema(), query, std::move(stop)));
        if (!counting.objects && !query.search.max_distance)
            return invalid("a search to aggregate needs an objectLimit, a certainty or a distance");
        query.search.filter.reset();
        query.search.limit = std::min(
            counting.objects.value_or(collections::kMaxSearchDepth), collections::kMaxSearchDepth
        );
        request.search = std::move(query.search);
    }
    return collection.aggregate(who, request);
}

std::optional<float> certainty_of(
    const Schema& schema, std::string_view vector, std::optional<float> distance
) {
    if (!distance || distance_by(schema, vector) != Distance::cosine) return std::nullopt;
    return 1 - *distance / 2;
}

}  // namespace moat::api::weaviate
