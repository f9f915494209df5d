#include "collections/searcher.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "base/parallel.h"
#include "collections/filter_evaluator.h"
#include "collections/ranking.h"

namespace moat::collections {
namespace {

// A leg of a hybrid search fetches at least this many, so that equal requests of different
// sizes see equal scores.
constexpr std::size_t kLegSize = 100;
constexpr std::size_t kMaxCandidates = 1000;

Error invalid(std::string message) {
    return {ErrorCode::invalid_argument, std::move(message)};
}

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

bool has_vector_side(const SearchRequest& request) {
    return !request.vector.empty() || request.near_object;
}

bool is_hybrid(const SearchRequest& request) {
    return !request.query.empty() && has_vector_side(request);
}

}  // namespace

Result<index::RowSet> allowed_rows(
    const CollectionState& state, const SearchContext& context, const std::optional<Filter>& filter
) {
    const FilterEvaluator evaluator(state, context.tokenizer, context.find);
    index::RowSet rows = *state.live;
    if (filter) {
        TRY_ASSIGN(rows, evaluator.rows(*filter));
    }
    if (const auto& ttl = state.schema->schema.ttl) {
        const std::int64_t limit =
            context.now_ms -
            std::chrono::duration_cast<std::chrono::milliseconds>(ttl->after).count();
        TRY_ASSIGN(const index::RowSet expired, evaluator.rows_before(ttl->property, limit));
        rows.subtract(expired);
    }
    return rows;
}

Status Searcher::check(const SearchRequest& request) const {
    if (request.query.empty() && !has_vector_side(request)) {
        return invalid("a search needs a query text or a vector");
    }
    if (!request.vector.empty() && request.near_object) {
        return invalid("a search takes a vector or an object that has one, not both");
    }
    if (request.offset > kMaxSearchDepth || request.limit > kMaxSearchDepth - request.offset) {
        return invalid(fmt::format("offset and limit may not pass {} together", kMaxSearchDepth));
    }
    if (!(request.alpha >= 0 && request.alpha <= 1)) return invalid("alpha must be from 0 to 1");
    if (const auto& diversity = request.diversity) {
        if (!request.query.empty()) return invalid("diversity needs a search by vector alone");
        if (!(diversity->lambda >= 0 && diversity->lambda <= 1)) {
            return invalid("the lambda of diversity must be from 0 to 1");
        }
        if (diversity->candidates > kMaxCandidates) {
            return invalid(fmt::format("diversity takes {} candidates at most", kMaxCandidates));
        }
    }
    if (request.group_by && state_.schema->schema.find(request.group_by->property) == nullptr) {
        return invalid(fmt::format("there is no property '{}'", request.group_by->property));
    }
    return Ok{};
}

Result<Searcher::Target> Searcher::target_of(const SearchRequest& request) const {
    Target target;
    if (!has_vector_side(request)) return target;
    const auto slot = state_.schema->slot_of(request.vector_name);
    if (!slot) {
        return invalid(fmt::format(
            "collection '{}' has no vector '{}'", state_.schema->schema.name, request.vector_name
        ));
    }
    target.slot = *slot;
    target.distance = *slot == 0 ? state_.schema->schema.distance
                                 : state_.schema->schema.find_vector(request.vector_name)->distance;
    target.vector = request.vector;
    if (!request.near_object) {
        TRY(check_target(target));
        return target;
    }
    TRY_ASSIGN(const auto row, objects_.row_of(*request.near_object));
    const VectorField* field = state_.vector_field(target.slot);
    if (!row || field == nullptr || !field->rows->contains(*row)) {
        return Error{
            ErrorCode::not_found,
            fmt::format("there is no object {} with such a vector", request.near_object->text())
        };
    }
    TRY_ASSIGN(target.vector, objects_.vector(*row, target.slot));
    return target;
}

Status Searcher::check_target(const Target& target) const {
    const Schema schema = state_.full_schema();
    std::size_t dimensions = schema.dimensions;
    for (std::size_t i = 0; i < schema.vectors.size(); ++i) {
        if (state_.schema->slots[i] == target.slot) dimensions = schema.vectors[i].dimensions;
    }
    if (dimensions != 0 && target.vector.size() != dimensions) {
        return invalid(fmt::format(
            "the vector has {} dimensions, those of collection '{}' have {}",
            target.vector.size(),
            schema.name,
            dimensions
        ));
    }
    if (!std::ranges::all_of(target.vector, [](float x) { return std::isfinite(x); })) {
        return invalid("the vector holds a value that is no finite number");
    }
    return Ok{};
}

Result<std::vector<index::ScoredRow>> Searcher::vector_leg(
    const SearchRequest& request,
    const Target& target,
    const index::RowSet& allowed,
    std::size_t limit,
    std::vector<std::string>& plan
) const {
    const VectorField* field = state_.vector_field(target.slot);
    if (field == nullptr) return std::vector<index::ScoredRow>();
    index::RowSet rows = allowed;
    rows &= *field->rows;
    const std::size_t wanted =
        request.diversity ? std::max(request.diversity->candidates, limit) : limit;
    auto hits = field->index->search({.query = target.vector, .limit = wanted, .allowed = &rows});
    if (request.max_distance) {
        const double least = -static_cast<double>(*request.max_distance);
        std::erase_if(hits, [&](const index::ScoredRow& hit) { return hit.score < least; });
    }
    if (request.explain) {
        plan.push_back(fmt::format(
            "vectors: {} of {} may be hits; those of the first {} objects are in the graph, the "
            "others are scanned",
            rows.count(),
            field->rows->count(),
            field->index->graph_end()
        ));
    }
    if (!request.diversity) return hits;
    return diverse(target, *request.diversity, std::move(hits), limit);
}

Result<std::vector<index::ScoredRow>> Searcher::diverse(
    const Target& target,
    const Diversity& diversity,
    std::vector<index::ScoredRow> candidates,
    std::size_t limit
) const {
    std::vector<std::vector<float>> vectors;
    vectors.reserve(candidates.size());
    for (const index::ScoredRow& hit : candidates) {
        TRY_ASSIGN(auto vector, objects_.vector(hit.row, target.slot));
        vectors.push_back(std::move(vector));
    }
    return diversify(candidates, vectors, target.distance, diversity.lambda, limit);
}

std::vector<index::ScoredRow> Searcher::fuse(
    const SearchRequest& request, std::span<const index::Leg> legs
) const {
    std::unordered_map<Row, Uuid> ids;
    const auto id_of = [&](Row row) -> const Uuid& {
        const auto [place, added] = ids.try_emplace(row);
        if (added) {
            // One that cannot be read counts as the nil id here, and fails the search later.
            if (const auto id = objects_.id(row)) place->second = *id;
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

Status Searcher::run_legs(
    const SearchRequest& request, const Target& target, const index::RowSet& rows, Found& found
) const {
    const bool hybrid = is_hybrid(request);
    const bool words = !request.query.empty() && !(hybrid && request.alpha == 1);
    const bool near = has_vector_side(request) && !(hybrid && request.alpha == 0);
    const std::size_t depth = request.offset + request.limit;
    const std::size_t leg = hybrid ? std::max(kLegSize, depth) : depth;
    std::vector<std::string> vector_plan;
    const auto run_words = [&]() -> Status {
        if (!words) return Ok{};
        TRY_ASSIGN(KeywordQuery query, KeywordQuery::make(state_, context_, request));
        found.keywords.emplace(std::move(query));
        TRY_ASSIGN(found.words, found.keywords->run(rows, leg));
        return Ok{};
    };
    const auto run_near = [&]() -> Status {
        if (!near) return Ok{};
        TRY_ASSIGN(found.near, vector_leg(request, target, rows, leg, vector_plan));
        return Ok{};
    };
    // As two parts they run beside each other; the machine may have but one thread to give.
    const auto run = [&](std::size_t begin, std::size_t end) -> Status {
        if (begin == 0) TRY(run_words());
        if (end == 2) TRY(run_near());
        return Ok{};
    };
    TRY(words && near ? parallel_parts(2, 1, 2, run) : run(0, 2));
    if (request.explain && found.keywords) found.plan.push_back(found.keywords->plan());
    std::ranges::move(vector_plan, std::back_inserter(found.plan));
    return Ok{};
}

Result<Searcher::Found> Searcher::find(const SearchRequest& request) const {
    TRY(check(request));
    TRY_ASSIGN(const Target target, target_of(request));
    TRY_ASSIGN(const index::RowSet rows, allowed_rows(state_, context_, request.filter));
    Found found;
    if (request.explain) {
        found.plan.push_back(fmt::format(
            "filter: {} of {} objects pass, by the indexes alone", rows.count(), state_.documents
        ));
    }
    TRY(run_legs(request, target, rows, found));
    if (is_hybrid(request)) {
        const auto alpha = static_cast<double>(request.alpha);
        const std::array legs{index::Leg{1 - alpha, found.words}, index::Leg{alpha, found.near}};
        found.ranked = fuse(request, legs);
    } else {
        found.ranked = has_vector_side(request) ? found.near : found.words;
    }
    if (request.autocut > 0) {
        std::vector<double> scores;
        for (const index::ScoredRow& hit : found.ranked)
            scores.push_back(hit.score);
        found.ranked.resize(cut_at_jumps(scores, request.autocut));
    }
    return found;
}

Result<std::vector<index::ScoredRow>> Searcher::rank(const SearchRequest& request) const {
    TRY_ASSIGN(Found found, find(request));
    return std::move(found.ranked);
}

Result<std::string> Searcher::explain(
    const SearchRequest& request, const Found& found, const SearchHit& hit, Row row
) const {
    std::string text;
    if (hit.keyword_score && found.keywords) {
        TRY_ASSIGN(const std::string terms, found.keywords->explain(row));
        text = fmt::format("keyword score {:.4f} = {}", *hit.keyword_score, terms);
    }
    if (hit.distance) {
        text += fmt::format("{}vector distance {:.4f}", text.empty() ? "" : "; ", *hit.distance);
    }
    if (!is_hybrid(request)) return text;
    return fmt::format(
        "{}; {} with weight {:.4f} of the keyword side and {:.4f} of the vector side gives {:.4f}",
        text,
        request.fusion == Fusion::ranked ? "ranked fusion" : "relative score fusion",
        1 - request.alpha,
        request.alpha,
        hit.score
    );
}

Result<SearchResult> Searcher::load_hits(
    const SearchRequest& request, const Found& found, std::size_t begin, std::size_t end
) const {
    const Scores words = by_row(found.words);
    const Scores near = by_row(found.near);
    SearchResult result;
    for (std::size_t i = begin; i < std::min(end, found.ranked.size()); ++i) {
        const Row row = found.ranked[i].row;
        TRY_ASSIGN(Object object, objects_.load(row, request.with_vector));
        SearchHit& hit = result.hits.emplace_back();
        hit.object = std::move(object);
        hit.score = static_cast<float>(found.ranked[i].score);
        if (const auto score = score_in(words, row)) hit.keyword_score = static_cast<float>(*score);
        if (const auto score = score_in(near, row)) hit.distance = static_cast<float>(-*score);
        if (request.explain) {
            TRY_ASSIGN(hit.explanation, explain(request, found, hit, row));
        }
    }
    return result;
}

Result<SearchResult> Searcher::search(const SearchRequest& request) const {
    TRY_ASSIGN(const Found found, find(request));
    const std::size_t depth = request.offset + request.limit;
    // Sorting is among all that were found, so the page is cut afterwards.
    const std::size_t begin = request.sort.empty() ? request.offset : 0;
    TRY_ASSIGN(SearchResult result, load_hits(request, found, begin, depth));
    if (!request.sort.empty()) {
        sort_hits(result.hits, request.sort);
        const std::size_t skipped = std::min(request.offset, result.hits.size());
        result.hits.erase(
            result.hits.begin(), result.hits.begin() + static_cast<std::ptrdiff_t>(skipped)
        );
    }
    if (request.group_by) group_hits(*request.group_by, result);
    result.plan = found.plan;
    return result;
}

}  // namespace moat::collections
