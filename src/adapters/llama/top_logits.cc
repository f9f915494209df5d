#include "adapters/llama/top_logits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace moat::adapters::llama {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kLanes = 16;

float highest_of(std::span<const float> block) {
    std::array<float, kLanes> lanes{};
    lanes.fill(-std::numeric_limits<float>::infinity());
    std::size_t i = 0;
    for (; i + kLanes <= block.size(); i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const float value = block[i + lane];
            lanes[lane] = value > lanes[lane] ? value : lanes[lane];
        }
    }
    for (; i < block.size(); ++i)
        lanes[0] = block[i] > lanes[0] ? block[i] : lanes[0];
    return *std::ranges::max_element(lanes);
}

std::span<const float> block_of(std::span<const float> logits, std::size_t index) {
    const std::size_t begin = index * kBlock;
    return logits.subspan(begin, std::min(kBlock, logits.size() - begin));
}

bool is_before(const llama_token_data& a, const llama_token_data& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

}  // namespace

void top_logits(
    std::span<const float> logits, std::size_t count, std::vector<llama_token_data>& out
) {
    out.clear();
    count = std::min(count, logits.size());
    if (count == 0) return;
    const std::size_t blocks = (logits.size() + kBlock - 1) / kBlock;
    std::vector<float> highest(blocks);
    for (std::size_t i = 0; i < blocks; ++i)
        highest[i] = highest_of(block_of(logits, i));

    // The `count` blocks with the highest maxima hold `count` values from `least` on, so nothing
    // below it can be among the highest.
    float least = -std::numeric_limits<float>::infinity();
    if (count < blocks) {
        std::vector<float> order = highest;
        const auto nth = order.begin() + static_cast<std::ptrdiff_t>(count - 1);
        std::ranges::nth_element(order, nth, std::greater());
        least = *nth;
    }
    for (std::size_t i = 0; i < blocks; ++i) {
        if (highest[i] < least) continue;
        const std::span<const float> block = block_of(logits, i);
        for (std::size_t j = 0; j < block.size(); ++j) {
            if (!(block[j] >= least)) continue;
            out.push_back({static_cast<llama_token>(i * kBlock + j), block[j], 0});
        }
    }
    count = std::min(count, out.size());
    const auto middle = out.begin() + static_cast<std::ptrdiff_t>(count);
    std::ranges::partial_sort(out, middle, is_before);
    out.resize(count);
}

}  // namespace moat::adapters::llama
