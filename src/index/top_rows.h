#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "index/row_set.h"

namespace moat::index {

struct ScoredRow {
    Row row = 0;
    double score = 0;  // larger is better

    bool operator==(const ScoredRow&) const = default;
};

// The order of all results: better first, the earlier written row first among equals.
inline bool ranks_before(const ScoredRow& a, const ScoredRow& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
}

// Keeps the `limit` best of the rows offered to it. Cost: a comparison for a row that loses.
class TopRows {
  public:
    explicit TopRows(std::size_t limit) : limit_(limit) {}

    // A row must score above this to matter; rows are offered in any order.
    double threshold() const {
        if (limit_ == 0) return std::numeric_limits<double>::infinity();
        return heap_.size() < limit_ ? -std::numeric_limits<double>::infinity()
                                     : heap_.front().score;
    }
    void offer(ScoredRow hit) {
        if (limit_ == 0) return;
        if (heap_.size() < limit_) {
            heap_.push_back(hit);
            std::push_heap(heap_.begin(), heap_.end(), ranks_before);
        } else if (ranks_before(hit, heap_.front())) {
            std::pop_heap(heap_.begin(), heap_.end(), ranks_before);
            heap_.back() = hit;
            std::push_heap(heap_.begin(), heap_.end(), ranks_before);
        }
    }
    // Best first; leaves this empty.
    std::vector<ScoredRow> take() {
        std::sort_heap(heap_.begin(), heap_.end(), ranks_before);
        return std::exchange(heap_, {});
    }

  private:
    std::size_t limit_;
    std::vector<ScoredRow> heap_;  // the worst in front
};

}  // namespace moat::index
