#include "api/weaviate/multi_target.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace moat::api::weaviate {
namespace {

using collections::Collection;
using collections::SearchHit;
using collections::SearchRequest;

constexpr std::size_t kLeastCandidates = 100;

// An object, and how far it is from the query by each target.
struct Candidate {
    SearchHit hit;
    std::vector<std::optional<float>> distances;

    bool is_complete() const {
        return std::ranges::all_of(distances, [](const auto& each) { return each.has_value(); });
    }
};
using Candidates = std::map<Uuid, Candidate>;

SearchRequest request_for(const SearchRequest& request, const Targets::Target& target) {
    SearchRequest out = request;
    out.vector_name = target.vector;
    if (!target.query.empty()) out.vector = target.query;
    out.offset = 0;
    out.limit = std::max(kLeastCandidates, request.offset + request.limit);
    out.max_distance.reset();  // it is of the combined one
    return out;
}

Status find_candidates(
    const Collection& collection,
    const Principal& who,
    const SearchRequest& request,
    const Targets& targets,
    Candidates& out
) {
    for (std::size_t i = 0; i < targets.list.size(); ++i) {
        TRY_ASSIGN(auto found, collection.search(who, request_for(request, targets.list[i])));
        for (SearchHit& hit : found.hits) {
            Candidate& candidate = out[hit.object.id];
            candidate.distances.resize(targets.list.size());
            candidate.distances[i] = hit.distance;
            candidate.hit = std::move(hit);
        }
    }
    return Ok{};
}

// Asks each target for the distances of the candidates that others found.
Status fill_distances(
    const Collection& collection,
    const Principal& who,
    const SearchRequest& request,
    const Targets& targets,
    Candidates& candidates
) {
    for (std::size_t i = 0; i < targets.list.size(); ++i) {
        json::Array missing;
        for (const auto& [id, candidate] : candidates)
            if (!candidate.distances[i]) missing.emplace_back(id.text());
        if (missing.empty()) continue;
        SearchRequest only = request_for(request, targets.list[i]);
        only.limit = missing.size();
        only.with_vector = false;
        only.filter = collections::Filter{
            .op = collections::FilterOperator::contains_any,
            .property = "_id",
            .value = std::move(missing),
            .operands = {},
        };
        TRY_ASSIGN(const auto found, collection.search(who, only));
        for (const SearchHit& hit : found.hits)
            candidates[hit.object.id].distances[i] = hit.distance;
    }
    return Ok{};
}

struct Range {
    float least = std::numeric_limits<float>::max();
    float greatest = std::numeric_limits<float>::lowest();

    float relative(float distance) const {
        return greatest > least ? (distance - least) / (greatest - least) : 0;
    }
};

std::vector<Range> ranges_of(const std::vector<Candidate>& candidates, std::size_t targets) {
    std::vector<Range> out(targets);
    for (const Candidate& candidate : candidates) {
        for (std::size_t i = 0; i < targets; ++i) {
            out[i].least = std::min(out[i].least, *candidate.distances[i]);
            out[i].greatest = std::max(out[i].greatest, *candidate.distances[i]);
        }
    }
    return out;
}

float combined(
    const Targets& targets, const std::vector<Range>& ranges, const Candidate& candidate
) {
    using enum Targets::Combination;
    double out = targets.how == minimum ? std::numeric_limits<double>::max() : 0;
    for (std::size_t i = 0; i < targets.list.size(); ++i) {
        const float distance = *candidate.distances[i];
        switch (targets.how) {
            case minimum:
                out = std::min(out, double{distance});
                break;
            case sum:
                out += distance;
                break;
            case average:
                out += distance / static_cast<double>(targets.list.size());
                break;
            case weighted:
                out += targets.list[i].weight * distance;
                break;
            case relative_score:
                out += targets.list[i].weight * ranges[i].relative(distance);
                break;
        }
    }
    return static_cast<float>(out);
}

}  // namespace

Result<collections::SearchResult> search_targets(
    const Collection& collection,
    const Principal& who,
    const SearchRequest& request,
    const Targets& targets
) {
    if (request.group_by || !request.sort.empty() || request.autocut != 0 || request.diversity)
        return Error{
            ErrorCode::invalid_argument,
            "groupBy, sort, autocut and selection are for a search by one vector"
        };
    Candidates by_id;
    TRY(find_candidates(collection, who, request, targets, by_id));
    TRY(fill_distances(collection, who, request, targets, by_id));
    std::vector<Candidate> candidates;
    for (auto& [id, candidate] : by_id)
        if (candidate.is_complete()) candidates.push_back(std::move(candidate));
    const auto ranges = ranges_of(candidates, targets.list.size());
    collections::SearchResult out;
    for (Candidate& candidate : candidates) {
        candidate.hit.distance = combined(targets, ranges, candidate);
        candidate.hit.score = -*candidate.hit.distance;
        if (request.max_distance && *candidate.hit.distance > *request.max_distance) continue;
        out.hits.push_back(std::move(candidate.hit));
    }
    std::ranges::sort(out.hits, {}, [](const SearchHit& hit) {
        return std::pair(*hit.distance, hit.object.id);
    });
    const std::size_t begin = std::min(request.offset, out.hits.size());
    out.hits.erase(out.hits.begin(), out.hits.begin() + static_cast<std::ptrdiff_t>(begin));
    if (out.hits.size() > request.limit) out.hits.resize(request.limit);
    return out;
}

}  // namespace moat::api::weaviate
