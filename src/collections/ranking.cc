#include "collections/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "collections/value_order.h"

namespace moat::collections {
namespace {

json::Value sorted_value(const SearchHit& hit, const std::string& property) {
    const Object& object = hit.object;
    if (property == "_id") return json::String(object.id.text());
    if (property == "_created_ms") return object.created_ms;
    if (property == "_updated_ms") return object.updated_ms;
    const json::Value* value = object.properties.if_contains(property);
    return value == nullptr ? json::Value() : *value;
}

double distance_between(
    index::Distance distance, std::span<const float> a, std::span<const float> b
) {
    double dot = 0;
    double squares_a = 0;
    double squares_b = 0;
    double difference = 0;
    double absolute = 0;
    double differing = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double x = a[i];
        const double y = b[i];
        dot += x * y;
        squares_a += x * x;
        squares_b += y * y;
        difference += (x - y) * (x - y);
        absolute += std::fabs(x - y);
        differing += x != y ? 1 : 0;
    }
    switch (distance) {
        case index::Distance::cosine: {
            const double norm = std::sqrt(squares_a) * std::sqrt(squares_b);
            return norm > 0 ? 1 - dot / norm : 1;
        }
        case index::Distance::dot:
            return -dot;
        case index::Distance::l2_squared:
            return difference;
        case index::Distance::manhattan:
            return absolute;
        case index::Distance::hamming:
            return differing;
    }
    return difference;
}

}  // namespace

std::size_t cut_at_jumps(std::span<const double> values, std::size_t jumps) {
    if (values.size() < 2 || jumps == 0 || values.front() == values.back()) return values.size();
    const double range = values.back() - values.front();
    const double steps = static_cast<double>(values.size() - 1);
    const auto above = [&](std::size_t i) {
        return (values[i] - values.front()) / range - static_cast<double>(i) / steps;
    };
    std::size_t seen = 0;
    for (std::size_t i = 1; i < values.size(); ++i) {
        const bool last = i + 1 == values.size();
        if (last && i < 2) break;
        const double beside = last ? above(i - 2) : above(i + 1);
        if (above(i) > above(i - 1) && above(i) > beside && ++seen == jumps) return i;
    }
    return values.size();
}

void sort_hits(std::vector<SearchHit>& hits, std::span<const Sort> sort) {
    std::vector<std::vector<json::Value>> keys(hits.size());
    for (std::size_t i = 0; i < hits.size(); ++i) {
        for (const Sort& each : sort)
            keys[i].push_back(sorted_value(hits[i], each.property));
    }
    std::vector<std::size_t> order(hits.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        for (std::size_t k = 0; k < sort.size(); ++k) {
            const int compared = compare_values(keys[a][k], keys[b][k], sort[k].descending);
            if (compared != 0) return compared < 0;
        }
        return a < b;
    });
    std::vector<SearchHit> sorted;
    sorted.reserve(hits.size());
    for (const std::size_t i : order)
        sorted.push_back(std::move(hits[i]));
    hits = std::move(sorted);
}

void group_hits(const GroupBy& group_by, SearchResult& result) {
    std::vector<SearchGroup> groups;
    std::map<std::string, std::size_t> places;
    const auto add = [&](const json::Value& value, std::size_t hit) {
        const auto [place, added] = places.try_emplace(json::write(value), groups.size());
        if (added && groups.size() < group_by.groups) groups.push_back({value, {}});
        if (place->second >= groups.size()) return;
        SearchGroup& group = groups[place->second];
        if (group.hits.size() < group_by.objects_per_group) group.hits.push_back(hit);
    };
    for (std::size_t i = 0; i < result.hits.size(); ++i) {
        const json::Object& properties = result.hits[i].object.properties;
        const json::Value* value = properties.if_contains(group_by.property);
        if (value == nullptr || (value->is_array() && value->get_array().empty())) {
            add(nullptr, i);
        } else if (value->is_array()) {
            for (const json::Value& element : value->get_array())
                add(element, i);
        } else {
            add(*value, i);
        }
    }
    constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> moved(result.hits.size(), kNowhere);
    std::vector<SearchHit> kept;
    for (SearchGroup& group : groups) {
        for (std::size_t& hit : group.hits) {
            if (moved[hit] == kNowhere) {
                moved[hit] = kept.size();
                kept.push_back(std::move(result.hits[hit]));
            }
            hit = moved[hit];
        }
    }
    result.hits = std::move(kept);
    result.groups = std::move(groups);
}

std::vector<index::ScoredRow> diversify(
    std::span<const index::ScoredRow> candidates,
    std::span<const std::vector<float>> vectors,
    index::Distance distance,
    float lambda,
    std::size_t limit
) {
    const double weight = static_cast<double>(lambda);
    std::vector<double> nearest(candidates.size(), -std::numeric_limits<double>::infinity());
    std::vector<bool> taken(candidates.size(), false);
    std::vector<index::ScoredRow> picked;
    while (picked.size() < std::min(limit, candidates.size())) {
        std::size_t best = candidates.size();
        double best_value = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            if (taken[i]) continue;
            const double value =
                weight * candidates[i].score - (picked.empty() ? 0 : (1 - weight) * nearest[i]);
            if (best == candidates.size() || value > best_value) {
                best = i;
                best_value = value;
            }
        }
        taken[best] = true;
        picked.push_back(candidates[best]);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            if (taken[i]) continue;
            nearest[i] =
                std::max(nearest[i], -distance_between(distance, vectors[i], vectors[best]));
        }
    }
    return picked;
}

}  // namespace moat::collections
