#include "index/keyword_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

namespace moat::index {
namespace {

constexpr Row kWindowRows = 8192;  // 64 kB of sums: they stay in the second-level cache

// One list, read forwards.
class Cursor {
  public:
    Cursor(const TermPostings& postings, const QueryTerm& term, const Bm25& bm25)
        : list_(&postings.list),
          weight_(term.weight),
          base_(bm25.k1 * (1 - bm25.b)),
          slope_(bm25.k1 * bm25.b / std::max(term.average_length, 1e-9)) {}

    double score(std::uint32_t frequency, std::uint32_t length) const {
        return weight_ * frequency / (frequency + base_ + slope_ * length);
    }

    // The most this list can add to a row of [begin, end); 0 when it has none there.
    double bound(Row begin, Row end) {
        front_ = list_->block_for(begin, front_);
        double most = 0;
        for (std::size_t i = front_; i < list_->blocks().size(); ++i) {
            const PostingList::BlockInfo& block = list_->blocks()[i];
            if (i > front_ && list_->blocks()[i - 1].last + Row{1} >= end) break;
            most = std::max(most, score(block.max_frequency, block.min_length));
        }
        return most;
    }

    // Adds the scores of the rows in [begin, end) to `sums`, setting their bits in `found`.
    bool add_window(Row begin, Row end, const RowSet& allowed, double* sums, std::uint64_t* found) {
        for (std::size_t i = front_; i < list_->blocks().size(); ++i) {
            if (i > front_ && list_->blocks()[i - 1].last + Row{1} >= end) break;
            if (!load(i)) return false;
            for (std::size_t k = 0; k < block_->count; ++k) {
                const Row row = block_->rows[k];
                if (row < begin || row >= end || !allowed.contains(row)) continue;
                const Row at = row - begin;
                const std::uint64_t bit = std::uint64_t{1} << (at % 64);
                if ((found[at / 64] & bit) == 0) {
                    found[at / 64] |= bit;
                    sums[at] = 0;
                }
                sums[at] += score(block_->frequencies[k], block_->lengths[k]);
            }
        }
        return true;
    }

    // What this list adds to `row`. Rows must be asked for in rising order within a window.
    bool look_up(Row row, double& added) {
        added = 0;
        const std::size_t block = list_->block_for(row, front_);
        if (block == list_->blocks().size()) return true;
        if (!load(block)) return false;
        const auto begin = block_->rows.begin();
        const auto end = begin + static_cast<std::ptrdiff_t>(block_->count);
        const auto at = std::lower_bound(begin, end, row);
        if (at != end && *at == row) {
            const auto k = static_cast<std::size_t>(at - begin);
            added = score(block_->frequencies[k], block_->lengths[k]);
        }
        return true;
    }

  private:
    bool load(std::size_t block) {
        if (block_ == nullptr) block_ = std::make_unique<PostingBlock>();
        if (loaded_ == block) return true;
        loaded_ = block;
        return list_->read(block, *block_);
    }

    const PostingList* list_;
    double weight_;
    double base_;
    double slope_;
    std::size_t front_ = 0;  // first block that reaches into the window
    std::size_t loaded_ = std::numeric_limits<std::size_t>::max();
    std::unique_ptr<PostingBlock> block_;
};

class SegmentScorer {
  public:
    SegmentScorer(std::vector<Cursor> cursors, const RowSet& allowed, TopRows& top)
        : cursors_(std::move(cursors)),
          bounds_(cursors_.size()),
          order_(cursors_.size()),
          allowed_(allowed),
          top_(top),
          sums_(kWindowRows),
          found_(kWindowRows / 64) {}

    bool window(Row begin, Row end) {
        double total = 0;
        for (std::size_t i = 0; i < cursors_.size(); ++i) {
            bounds_[i] = cursors_[i].bound(begin, end);
            order_[i] = i;
            total += bounds_[i];
        }
        if (total == 0 || total <= top_.threshold()) return true;
        std::sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) {
            return bounds_[a] < bounds_[b];
        });
        // The lists before `essential` cannot reach the threshold without one of the others.
        double optional = 0;
        std::size_t essential = 0;
        while (essential < order_.size() &&
               optional + bounds_[order_[essential]] <= top_.threshold()) {
            optional += bounds_[order_[essential]];
            ++essential;
        }
        std::fill(found_.begin(), found_.end(), 0);
        for (std::size_t i = essential; i < order_.size(); ++i) {
            if (bounds_[order_[i]] == 0) continue;
            if (!cursors_[order_[i]].add_window(begin, end, allowed_, sums_.data(), found_.data()))
                return false;
        }
        return offer_found(begin, essential, optional);
    }

  private:
    bool offer_found(Row begin, std::size_t essential, double optional) {
        for (std::size_t word = 0; word < found_.size(); ++word) {
            for (std::uint64_t bits = found_[word]; bits != 0; bits &= bits - 1) {
                const auto at =
                    static_cast<Row>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
                if (!complete(begin + at, sums_[at], essential, optional)) return false;
            }
        }
        return true;
    }

    bool complete(Row row, double score, std::size_t essential, double optional) {
        for (std::size_t i = essential; i-- > 0;) {
            if (score + optional <= top_.threshold()) return true;
            const std::size_t list = order_[i];
            optional -= bounds_[list];
            double added = 0;
            if (bounds_[list] > 0 && !cursors_[list].look_up(row, added)) return false;
            score += added;
        }
        if (score > top_.threshold()) top_.offer({row, score});
        return true;
    }

    std::vector<Cursor> cursors_;
    std::vector<double> bounds_;
    std::vector<std::size_t> order_;
    const RowSet& allowed_;
    TopRows& top_;
    std::vector<double> sums_;
    std::vector<std::uint64_t> found_;
};

}  // namespace

double bm25_idf(std::uint64_t documents, std::uint64_t having) {
    const auto total = static_cast<double>(std::max(documents, having));
    const auto with_term = static_cast<double>(having);
    return std::log(1 + (total - with_term + 0.5) / (with_term + 0.5));
}

double bm25_score(const QueryTerm& term, const Posting& posting, const Bm25& bm25) {
    const double length = posting.length / std::max(term.average_length, 1e-9);
    const double frequency = posting.frequency;
    return term.weight * frequency / (frequency + bm25.k1 * (1 - bm25.b + bm25.b * length));
}

Status score_segment(
    std::span<const QueryTerm> terms,
    std::span<const TermPostings> lists,
    Row begin,
    Row end,
    const RowSet& allowed,
    const Bm25& bm25,
    TopRows& top
) {
    std::vector<Cursor> cursors;
    cursors.reserve(lists.size());
    for (const TermPostings& postings : lists) {
        cursors.emplace_back(postings, terms[postings.term], bm25);
    }
    SegmentScorer scorer(std::move(cursors), allowed, top);
    for (Row at = begin; at < end;) {
        const Row next = end - at > kWindowRows ? at + kWindowRows : end;
        if (!scorer.window(at, next)) {
            return Error{ErrorCode::corrupt, "a stored posting block does not hold together"};
        }
        at = next;
    }
    return Ok{};
}

}  // namespace moat::index
