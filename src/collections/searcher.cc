#include "collections/searcher.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "collections/filter_evaluator.h"
#include "collections/object_codec.h"
#include "collections/term_reader.h"
#include "index/keyword_search.h"

namespace moat::collections {
namespace {

// A leg of a hybrid search fetches at least this many, so that equal requests of different
// sizes see equal scores.
constexpr std::size_t kLegSize = 100;

using Scores = std::unordered_map<Row, double>;

Scores by_row(const std::vector<index::ScoredRow>& hits) {
    Scores scores;
    scores.reserve(hits.size());
    for (const index::ScoredRow& hit : hits)
        scores.emplace(hit.row, hit.score);
    return scores;
}

std::optional<double> score_in(const Scores& scores, Row row) {
    const auto found = scores.find(row);
    if (found == scores.end()) return std::nullopt;
    return found->second;
}

}  // namespace

// The posting lists of a query. `found` keeps the bytes which the lists of `by_segment` view.
struct Searcher::Lists {
    explicit Lists(std::size_t segments) : by_segment(segments) {}

    std::vector<index::QueryTerm> terms;
    std::deque<FoundTerm> found;
    std::vector<std::vector<index::TermPostings>> by_segment;
};

Status Searcher::check(const SearchRequest& request) const {
    const auto invalid = [](std::string message) {
        return Error{ErrorCode::invalid_argument, std::move(message)};
    };
    if (!request.vector_name.empty() || request.near_object || request.max_distance ||
        request.least_terms > 1 || request.every_term || request.autocut != 0 ||
        !request.sort.empty() || request.group_by || request.diversity || request.explain) {
        return Error{ErrorCode::unsupported, "collections cannot do this yet"};
    }
    if (request.query.empty() && request.vector.empty()) {
        return invalid("a search needs a query text or a vector");
    }
    if (request.offset > kMaxSearchDepth || request.limit > kMaxSearchDepth - request.offset) {
        return invalid(fmt::format("offset and limit may not pass {} together", kMaxSearchDepth));
    }
    if (!(request.alpha >= 0 && request.alpha <= 1)) return invalid("alpha must be from 0 to 1");
    if (request.vector.empty()) return Ok{};
    const std::size_t dimensions = state_.schema->schema.dimensions;
    if (dimensions != 0 && request.vector.size() != dimensions) {
        return invalid(fmt::format(
            "the vector has {} dimensions, those of collection '{}' have {}",
            request.vector.size(),
            state_.schema->schema.name,
            dimensions
        ));
    }
    if (!std::ranges::all_of(request.vector, [](float x) { return std::isfinite(x); })) {
        return invalid("the vector holds a value that is no finite number");
    }
    return Ok{};
}

Result<index::RowSet> Searcher::allowed(const std::optional<Filter>& filter) const {
    if (!filter) return *state_.live;
    return FilterEvaluator(state_, tokenizer_).rows(*filter);
}

Result<std::vector<std::pair<const Property*, double>>> Searcher::searched_properties(
    const SearchRequest& request
) const {
    std::vector<std::pair<const Property*, double>> properties;
    const Schema& schema = state_.schema->schema;
    if (request.properties.empty()) {
        for (const Property& property : schema.properties) {
            if (property.type == DataType::text && property.searchable) {
                properties.emplace_back(&property, 1.0);
            }
        }
        return properties;
    }
    for (const auto& [name, boost] : request.properties) {
        const Property* property = schema.find(name);
        if (property == nullptr || property->type != DataType::text || !property->searchable) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("property '{}' is no searchable text of '{}'", name, schema.name)
            };
        }
        properties.emplace_back(property, boost);
    }
    return properties;
}

Status Searcher::collect_property(
    const Property& property, double boost, const std::string& query, Lists& lists
) const {
    const PropertyNumber number = state_.schema->number_of(property);
    const auto said = tokenizer_.tokenize(query, property.tokenization);
    const std::set<std::string> terms(said.begin(), said.end());
    const TermReader reader(state_);
    for (const std::string& term : terms) {
        TRY_ASSIGN(FoundTerm found, reader.find(term_name(number, term)));
        if (found.documents == 0) continue;
        const double idf = index::bm25_idf(state_.documents, found.documents);
        const FoundTerm& kept = lists.found.emplace_back(std::move(found));
        for (const FoundTerm::Part& part : kept.parts) {
            // The view was made before the move: of a short string it would dangle.
            const std::string_view bytes = part.stored.empty() ? part.bytes : part.stored;
            TRY_ASSIGN(auto list, index::PostingList::open(bytes, part.begin));
            lists.by_segment[part.segment].push_back({lists.terms.size(), std::move(list)});
        }
        lists.terms.push_back({boost * idf, state_.average_length(number)});
    }
    return Ok{};
}

Status Searcher::collect(const SearchRequest& request, Lists& lists) const {
    TRY_ASSIGN(const auto properties, searched_properties(request));
    for (const auto& [property, boost] : properties) {
        TRY(collect_property(*property, boost, request.query, lists));
    }
    return Ok{};
}

Result<std::vector<index::ScoredRow>> Searcher::keyword_leg(
    const SearchRequest& request, const index::RowSet& rows, std::size_t limit
) const {
    const TermReader reader(state_);
    Lists lists(reader.segment_count());
    TRY(collect(request, lists));
    index::TopRows top(limit);
    for (std::size_t i = 0; i < lists.by_segment.size(); ++i) {
        if (lists.by_segment[i].empty()) continue;
        const SealedSegment bounds = reader.bounds(i);
        TRY(index::score_segment(
            lists.terms, lists.by_segment[i], bounds.begin, bounds.end, rows, {}, top
        ));
    }
    return top.take();
}

std::vector<index::ScoredRow> Searcher::vector_leg(
    const SearchRequest& request, index::RowSet rows, std::size_t limit
) const {
    if (state_.vectors == nullptr) return {};
    rows &= *state_.with_vector;
    return state_.vectors->search({.query = request.vector, .limit = limit, .allowed = &rows});
}

std::vector<index::ScoredRow> Searcher::fuse(
    const SearchRequest& request, std::span<const index::Leg> legs
) const {
    std::unordered_map<Row, Uuid> ids;
    const auto id_of = [&](Row row) -> const Uuid& {
        const auto [place, added] = ids.try_emplace(row);
        if (added) {
            // One that cannot be read counts as the nil id here, and fails the search below.
            if (const auto object = load(row, false)) place->second = object->id;
        }
        return place->second;
    };
    return index::fuse(
        legs,
        request.fusion,
        request.offset + request.limit,
        // The first id is copied: looking the second up may move it.
        [&](Row a, Row b) {
            const Uuid first = id_of(a);
            return first < id_of(b);
        }
    );
}

Result<SearchResult> Searcher::search(const SearchRequest& request) const {
    TRY(check(request));
    TRY_ASSIGN(const index::RowSet rows, allowed(request.filter));
    const bool both = !request.query.empty() && !request.vector.empty();
    const bool keywords = !request.query.empty() && !(both && request.alpha == 1);
    const bool vectors = !request.vector.empty() && !(both && request.alpha == 0);
    const std::size_t depth = request.offset + request.limit;
    const std::size_t leg = both ? std::max(kLegSize, depth) : depth;

    std::vector<index::ScoredRow> found_words;
    std::vector<index::ScoredRow> found_vectors;
    if (keywords) {
        TRY_ASSIGN(found_words, keyword_leg(request, rows, leg));
    }
    if (vectors) found_vectors = vector_leg(request, rows, leg);

    std::vector<index::ScoredRow> ranked;
    if (both) {
        const double alpha = static_cast<double>(request.alpha);
        const std::array legs{index::Leg{1 - alpha, found_words}, index::Leg{alpha, found_vectors}};
        ranked = fuse(request, legs);
    } else {
        ranked = keywords ? found_words : found_vectors;
    }

    const Scores words = by_row(found_words);
    const Scores near = by_row(found_vectors);
    SearchResult result;
    for (std::size_t i = request.offset; i < std::min(depth, ranked.size()); ++i) {
        TRY_ASSIGN(Object object, load(ranked[i].row, request.with_vector));
        SearchHit& hit = result.hits.emplace_back();
        hit.object = std::move(object);
        hit.score = static_cast<float>(ranked[i].score);
        if (const auto score = score_in(words, ranked[i].row)) {
            hit.keyword_score = static_cast<float>(*score);
        }
        if (const auto score = score_in(near, ranked[i].row)) {
            hit.distance = static_cast<float>(-*score);
        }
    }
    return result;
}

Result<Object> Searcher::load(Row row, bool with_vector) const {
    const std::string key = row_key(state_.schema->number, row);
    TRY_ASSIGN(const auto bytes, state_.snapshot->get(Space::objects, key));
    if (!bytes) return Error{ErrorCode::corrupt, "an indexed object is missing"};
    TRY_ASSIGN(Object object, decode_object(*bytes));
    if (with_vector && state_.with_vector->contains(row)) {
        TRY_ASSIGN(const auto vector, state_.snapshot->get(Space::vectors, key));
        if (!vector) return Error{ErrorCode::corrupt, "the vector of an object is missing"};
        TRY_ASSIGN(object.vector, decode_vector(*vector));
    }
    return object;
}

}  // namespace moat::collections
