#include "index/fusion.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace moat::index {
namespace {

constexpr double kRankOffset = 60;

struct Sum {
    double score = 0;
    double secondary = -std::numeric_limits<double>::infinity();
};

double part(const Leg& leg, std::size_t rank, Fusion how, double least, double greatest) {
    if (how == Fusion::ranked) return leg.weight / (kRankOffset + static_cast<double>(rank));
    if (greatest == least) return leg.weight;
    return leg.weight * (leg.hits[rank].score - least) / (greatest - least);
}

}  // namespace

std::vector<ScoredRow> fuse(
    std::span<const Leg> legs, Fusion how, const std::function<bool(Row, Row)>& id_before
) {
    const auto heaviest = std::max_element(
        legs.begin(), legs.end(), [](const Leg& a, const Leg& b) { return a.weight < b.weight; }
    );
    std::unordered_map<Row, Sum> sums;
    for (auto leg = legs.begin(); leg != legs.end(); ++leg) {
        if (leg->hits.empty()) continue;
        const double greatest = leg->hits.front().score;
        const double least = leg->hits.back().score;
        for (std::size_t rank = 0; rank < leg->hits.size(); ++rank) {
            Sum& sum = sums[leg->hits[rank].row];
            sum.score += part(*leg, rank, how, least, greatest);
            if (leg == heaviest) sum.secondary = leg->hits[rank].score;
        }
    }
    std::vector<ScoredRow> fused;
    fused.reserve(sums.size());
    for (const auto& [row, sum] : sums)
        fused.push_back({row, sum.score});
    std::sort(fused.begin(), fused.end(), [&](const ScoredRow& a, const ScoredRow& b) {
        if (a.score != b.score) return a.score > b.score;
        const double x = sums.at(a.row).secondary;
        const double y = sums.at(b.row).secondary;
        if (x != y) return x > y;
        return id_before(a.row, b.row);
    });
    return fused;
}

}  // namespace moat::index
