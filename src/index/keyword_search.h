#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "index/posting_list.h"
#include "index/row_set.h"
#include "index/top_rows.h"

// Ranking by BM25: the sum over a query's terms of
//     weight * f / (f + k1 * (1 - b + b * length / average_length))
// where weight is bm25_idf() times the boost of the property. How often the query says a term does
// not count: on the evaluation sets that ranks no better, and worse in English.
// There is no factor k1 + 1; it would change no order. A term in two properties is two terms.
namespace moat::index {

struct Bm25 {
    double k1 = 1.2;
    double b = 0.75;

    bool operator==(const Bm25&) const = default;
};

// ln(1 + (N - n + 0.5) / (n + 0.5)), n of N documents having the term.
double bm25_idf(std::uint64_t documents, std::uint64_t having);

struct QueryTerm {
    double weight = 0;
    double average_length = 1;  // of the property the term is looked up in
};

// What one term adds to the score of a row, as a search computes it.
double bm25_score(const QueryTerm& term, const Posting& posting, const Bm25& bm25);

struct TermPostings {
    std::size_t term = 0;  // of the query terms
    PostingList list;
};

// Offers to `top` the rows of [begin, end) that have a term and are in `allowed`. Segments must be
// scored in rising order of rows, so that equal scores keep the earlier row.
//
// Method: MaxScore over windows of rows. What a window's lists can add at most is known from their
// blocks; lists that cannot lift a row over the threshold together are looked up only for rows
// which the others found. The result is that of scoring every row.
//
// Threads: any. Errors: corrupt.
Status score_segment(
    std::span<const QueryTerm> terms,
    std::span<const TermPostings> lists,
    Row begin,
    Row end,
    const RowSet& allowed,
    const Bm25& bm25,
    TopRows& top
);

}  // namespace moat::index
