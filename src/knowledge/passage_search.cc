#include "knowledge/passage_search.h"

#include <fmt/format.h>

#include "access/policy.h"
#include "base/bytes.h"
#include "base/log.h"
#include "knowledge/chunk_objects.h"
#include "knowledge/record_fields.h"
#include "knowledge/script.h"

namespace moat::knowledge {
namespace {

using collections::SearchHit;
using collections::SearchRequest;

// nDCG@10 with all-MiniLM-L6-v2 (keywords only, 0.5, 0.6, 0.75, vectors only): XQuAD English .966
// .980 .978 .972 .936; COVID FAQ .611 .732 .756 .762 .738. At 0.6 both sets are above either side.
constexpr float kDefaultAlpha = 0.6F;

Status check(const PassageQuery& query) {
    const auto invalid = [](std::string message) {
        return Error{ErrorCode::invalid_argument, std::move(message)};
    };
    if (query.text.find_first_not_of(" \t\r\n") == std::string::npos)
        return invalid("query must not be empty");
    if (query.text.size() > PassageSearch::kMaxQueryBytes) return invalid("query is too long");
    if (!is_utf8(query.text)) return invalid("query must be UTF-8");
    if (query.limit == 0 || query.limit > PassageSearch::kMaxLimit)
        return invalid(fmt::format("limit must be from 1 to {}", PassageSearch::kMaxLimit));
    if (query.alpha && !(*query.alpha >= 0 && *query.alpha <= 1))
        return invalid("alpha must be from 0 to 1");
    return Ok{};
}

Passage passage_of(const std::string& base, const SearchHit& hit) {
    Passage passage = to_passage(base, hit.object);
    passage.score = hit.score;
    passage.keyword_score = hit.keyword_score;
    if (hit.distance) passage.similarity = 1.0F - *hit.distance;  // of cosine
    return passage;
}

// A model made anew under the same name may be another one, whose vectors say nothing here.
bool fits(
    const std::vector<float>& vector, const collections::Schema& schema, const KnowledgeBase& base
) {
    if (vector.empty() || schema.dimensions == 0 || vector.size() == schema.dimensions) return true;
    log::warning(
        "search: by keywords only: {} gives {} dimensions, the vectors of \"{}\" have {}",
        base.embedding_model,
        vector.size(),
        base.name,
        schema.dimensions
    );
    return false;
}

}  // namespace

Result<std::vector<float>> PassageSearch::query_vector(
    const Principal& who, const KnowledgeBase& base, const PassageQuery& query, std::stop_token stop
) {
    const std::string& model = base.embedding_model;
    if (model.empty() || query.alpha == 0.0F) return std::vector<float>();
    if (is_mostly_cjk(query.text)) {
        TRY_ASSIGN(const bool reads, embedder_.reads_chinese(who, model, stop));
        if (!reads) return std::vector<float>();
    }
    TRY_ASSIGN(auto vectors, embedder_.embed(who, model, {query.text}, stop));
    CHECK(vectors.size() == 1);
    return std::move(vectors.front());
}

Result<std::vector<Passage>> PassageSearch::run(
    const Principal& who, const KnowledgeBase& base, const PassageQuery& query, std::stop_token stop
) {
    TRY(check(query));
    std::vector<Passage> passages;
    TRY_ASSIGN(const auto collection, collections_.find(base.id));
    if (!collection) return passages;

    SearchRequest request;
    request.query = query.text;
    request.alpha = query.alpha.value_or(kDefaultAlpha);
    request.fusion =
        query.ranked_fusion ? collections::Fusion::ranked : collections::Fusion::relative_score;
    request.properties = searched_properties();
    request.limit = query.limit;
    if (query.filter) {
        TRY_ASSIGN(request.filter, resolve_filter(*query.filter, chunk_schema(base.id).properties));
    }
    auto vector = query_vector(who, base, query, stop);
    if (vector) {
        if (fits(*vector, collection->schema(), base)) request.vector = std::move(*vector);
    } else {
        if (vector.error().code == ErrorCode::cancelled) return vector.error();
        log::warning("search: by keywords only: {}", vector.error().message);
    }
    if (query.alpha == 1.0F && !request.vector.empty()) request.query.clear();

    TRY_ASSIGN(const auto found, collection->search(access::system_principal(), request));
    passages.reserve(found.hits.size());
    for (const SearchHit& hit : found.hits)
        passages.push_back(passage_of(base.name, hit));
    return passages;
}

}  // namespace moat::knowledge
