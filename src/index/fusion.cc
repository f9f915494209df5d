#include "index/fusion.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace moat::index {
namespace {

constexpr double kRankOffset = 60;

struct Sum {
    Row row = 0;
    double score = 0;
    double secondary = -std::numeric_limits<double>::infinity();

    bool equals(const Sum& other) const {
        return score == other.score && secondary == other.secondary;
    }
};

bool precedes(const Sum& a, const Sum& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.secondary != b.secondary) return a.secondary > b.secondary;
    return a.row < b.row;
}

double part(const Leg& leg, std::size_t rank, Fusion how, double least, double greatest) {
    if (how == Fusion::ranked) return leg.weight / (kRankOffset + static_cast<double>(rank));
    if (greatest == least) return leg.weight;
    return leg.weight * (leg.hits[rank].score - least) / (greatest - least);
}

}  // namespace

std::vector<ScoredRow> fuse(
    std::span<const Leg> legs,
    Fusion how,
    std::size_t limit,
    const std::function<bool(Row, Row)>& id_before
) {
    const auto heaviest = std::max_element(
        legs.begin(), legs.end(), [](const Leg& a, const Leg& b) { return a.weight < b.weight; }
    );
    std::unordered_map<Row, Sum> by_row;
    for (auto leg = legs.begin(); leg != legs.end(); ++leg) {
        if (leg->hits.empty()) continue;
        const double greatest = leg->hits.front().score;
        const double least = leg->hits.back().score;
        for (std::size_t rank = 0; rank < leg->hits.size(); ++rank) {
            Sum& sum = by_row[leg->hits[rank].row];
            sum.row = leg->hits[rank].row;
            sum.score += part(*leg, rank, how, least, greatest);
            if (leg == heaviest) sum.secondary = leg->hits[rank].score;
        }
    }
    std::vector<Sum> sums;
    sums.reserve(by_row.size());
    for (const auto& [row, sum] : by_row)
        sums.push_back(sum);
    std::sort(sums.begin(), sums.end(), precedes);

    // Runs of equals that reach into the first `limit` are put in order of ids.
    for (auto run = sums.begin(); run != sums.end();) {
        if (static_cast<std::size_t>(run - sums.begin()) >= limit) break;
        const auto end =
            std::find_if(run, sums.end(), [&](const Sum& s) { return !s.equals(*run); });
        std::sort(run, end, [&](const Sum& a, const Sum& b) { return id_before(a.row, b.row); });
        run = end;
    }
    std::vector<ScoredRow> fused;
    for (std::size_t i = 0; i < std::min(limit, sums.size()); ++i) {
        fused.push_back({sums[i].row, sums[i].score});
    }
    return fused;
}

}  // namespace moat::index
