#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "index/row_set.h"
#include "index/vector_kernels.h"

namespace moat::index {

struct Candidate {
    float score;
    Row row;

    // The better first, and the earlier row among equals.
    bool operator<(const Candidate& other) const {
        return score != other.score ? score > other.score : row < other.row;
    }
};

// The best rows that a walk has seen, best first, and which of them it has visited.
// Threads: one. Cost of an offer: a comparison when refused, else about 20 ns.
class CandidatePool {
  public:
    void reset(std::size_t capacity) {
        capacity_ = capacity;
        size_ = 0;
        if (scores_.size() < capacity) {
            scores_.resize(capacity);
            rows_.resize(capacity);
        }
    }

    // Where the row went; the capacity when it is not among the best.
    std::size_t offer(float score, Row row) {
        const bool full = size_ == capacity_;
        if (full && score <= scores_[size_ - 1]) return capacity_;
        const std::size_t at = rank_(scores_.data(), size_, score);
        const std::size_t behind = size_ - at - (full ? 1 : 0);
        std::memmove(&scores_[at] + 1, &scores_[at], behind * sizeof(float));
        std::memmove(&rows_[at] + 1, &rows_[at], behind * sizeof(Row));
        scores_[at] = score;
        rows_[at] = row;
        if (!full) ++size_;
        return at;
    }

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    Candidate at(std::size_t i) const { return {scores_[i], rows_[i] & ~kVisited}; }
    bool visited(std::size_t i) const { return (rows_[i] & kVisited) != 0; }
    void visit(std::size_t i) { rows_[i] |= kVisited; }

  private:
    static constexpr Row kVisited = Row{1} << 31;  // RowArray has no rows from there on

    const decltype(VectorKernels::rank) rank_ = vector_kernels().rank;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
    std::vector<float> scores_;
    std::vector<Row> rows_;
};

// Rows that were seen, forgotten in time that goes with their number. Threads: one.
class SeenRows {
  public:
    // Rows below `end` can be added from now on, and none is in.
    void reset(std::size_t end) {
        for (const Row row : rows_)
            words_[row / 64] = 0;
        rows_.clear();
        if (words_.size() * 64 < end) words_.resize((end + 63) / 64);
    }
    bool has_room_for(Row row) const { return row / 64 < words_.size(); }
    // False when it was in. REQUIRES: has_room_for(row).
    bool add(Row row) {
        std::uint64_t& word = words_[row / 64];
        const std::uint64_t bit = std::uint64_t{1} << (row % 64);
        if ((word & bit) != 0) return false;
        word |= bit;
        rows_.push_back(row);
        return true;
    }

  private:
    std::vector<std::uint64_t> words_;
    std::vector<Row> rows_;
};

}  // namespace moat::index
