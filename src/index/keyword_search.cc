#include "index/keyword_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace moat::index {
namespace {

constexpr Row kWindowRows = 4096;  // 32 kB of sums: they stay in the first caches

// One list, read forwards.
class Cursor {
  public:
    Cursor(const TermPostings& postings, const QueryTerm& term, const Bm25& bm25)
        : list_(&postings.list),
          weight_(term.weight),
          base_(bm25.k1 * (1 - bm25.b)),
          slope_(bm25.k1 * bm25.b / std::max(term.average_length, 1e-9)) {}

    // The most this list can add to a row of [begin, end); 0 when it has none there.
    double bound(Row begin, Row end) {
        front_ = list_->block_for(begin, front_);
        behind_ = front_;
        double most = 0;
        for (; behind_ < list_->blocks().size(); ++behind_) {
            if (behind_ > front_ && list_->blocks()[behind_ - 1].last + Row{1} >= end) break;
            most = std::max(most, bound_of(behind_));
        }
        at_ = front_;
        return most;
    }

    // Adds the scores of the rows in [begin, end), which bound() was asked for, to `sums`, setting
    // their bits in `found`. Blocks that cannot add more than `least` are left out. `allowed` is
    // null when all rows are.
    bool add_window(
        Row begin, Row end, const RowSet* allowed, double least, double* sums, std::uint64_t* found
    ) {
        for (std::size_t i = front_; i < behind_; ++i) {
            if (bound_of(i) <= least) continue;
            if (!load(i) || !load_scores()) return false;
            const auto rows = std::span(block_->rows).first(block_->count);
            const auto place = [&](Row row) {
                return static_cast<std::size_t>(std::ranges::lower_bound(rows, row) - rows.begin());
            };
            const std::size_t last = place(end);
            for (std::size_t k = place(begin); k < last; ++k) {
                if (allowed != nullptr && !allowed->contains(rows[k])) continue;
                const Row at = rows[k] - begin;
                found[at / 64] |= std::uint64_t{1} << (at % 64);
                sums[at] += scores_[k];
            }
        }
        return true;
    }

    // The most this list can add to `row`. Rows must be asked for in rising order within a window.
    double bound_at(Row row) {
        at_ = list_->block_for(row, at_);
        return at_ == list_->blocks().size() ? 0 : bound_of(at_);
    }
    // What this list adds to `row`, which bound_at() was asked for, and gave more than 0.
    bool look_up(Row row, double& added) {
        added = 0;
        if (!load(at_)) return false;
        const auto rows = std::span(block_->rows).first(block_->count);
        const auto at = std::ranges::lower_bound(rows, row);
        if (at == rows.end() || *at != row) return true;
        if (!load_scores()) return false;
        added = scores_[static_cast<std::size_t>(at - rows.begin())];
        return true;
    }

  private:
    double bound_of(std::size_t block) const {
        const PostingList::BlockInfo& info = list_->blocks()[block];
        return score(info.max_frequency, info.min_length);
    }
    double score(double frequency, double length) const {
        return weight_ * frequency / (frequency + base_ + slope_ * length);
    }

    bool load(std::size_t block) {
        if (loaded_ == block) return true;
        if (block_ == nullptr) block_ = std::make_unique<PostingBlock>();
        loaded_ = block;
        scored_ = false;
        return list_->read_rows(block, *block_);
    }
    bool load_scores() {
        if (scored_) return true;
        scored_ = true;
        if (!list_->read_counts(loaded_, *block_)) return false;
        scores_.resize(kPostingsPerBlock);
        // Of the whole block, which the compiler makes vectors of. What is not in the block is
        // nonsense that nobody reads.
        for (std::size_t k = 0; k < kPostingsPerBlock; ++k) {
            const auto frequency = static_cast<std::int32_t>(block_->frequencies[k]);
            const auto length = static_cast<std::int32_t>(block_->lengths[k]);
            scores_[k] = score(frequency, length);
        }
        return true;
    }

    const PostingList* list_;
    double weight_;
    double base_;
    double slope_;
    std::size_t front_ = 0;   // first block that reaches into the window
    std::size_t behind_ = 0;  // first block behind the window
    std::size_t at_ = 0;      // where bound_at() came to
    std::size_t loaded_ = std::numeric_limits<std::size_t>::max();
    bool scored_ = false;
    std::unique_ptr<PostingBlock> block_;
    std::vector<double> scores_;  // of block_
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
        const std::size_t allowed = allowed_.count(begin, end);
        if (allowed == 0) return true;
        double total = 0;
        for (std::size_t i = 0; i < cursors_.size(); ++i) {
            bounds_[i] = cursors_[i].bound(begin, end);
            order_[i] = i;
            total += bounds_[i];
        }
        if (total == 0 || total <= top_.threshold()) return true;
        std::ranges::sort(order_, {}, [this](std::size_t list) { return bounds_[list]; });
        // The lists before `essential` cannot reach the threshold without one of the others.
        double optional = 0;
        std::size_t essential = 0;
        while (essential < order_.size() &&
               optional + bounds_[order_[essential]] <= top_.threshold()) {
            optional += bounds_[order_[essential]];
            ++essential;
        }
        const RowSet* filter = allowed == end - begin ? nullptr : &allowed_;
        for (std::size_t i = essential; i < order_.size(); ++i) {
            const std::size_t list = order_[i];
            const double least = top_.threshold() - (total - bounds_[list]);
            if (bounds_[list] == 0) continue;
            if (!cursors_[list].add_window(begin, end, filter, least, sums_.data(), found_.data()))
                return false;
        }
        return offer_found(begin, essential, optional);
    }

  private:
    bool offer_found(Row begin, std::size_t essential, double optional) {
        for (std::size_t word = 0; word < found_.size(); ++word) {
            for (std::uint64_t bits = std::exchange(found_[word], 0); bits != 0; bits &= bits - 1) {
                const auto at =
                    static_cast<Row>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
                const double score = std::exchange(sums_[at], 0);
                if (score + optional <= top_.threshold()) continue;
                if (!complete(begin + at, score, essential, optional)) return false;
            }
        }
        return true;
    }

    bool complete(Row row, double score, std::size_t essential, double optional) {
        for (std::size_t i = essential; i-- > 0;) {
            const std::size_t list = order_[i];
            optional -= bounds_[list];
            const double most = bounds_[list] > 0 ? cursors_[list].bound_at(row) : 0;
            if (score + most + optional <= top_.threshold()) return true;
            double added = 0;
            if (most > 0 && !cursors_[list].look_up(row, added)) return false;
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
    std::vector<double> sums_;          // of the window; all 0 between windows
    std::vector<std::uint64_t> found_;  // the same
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
