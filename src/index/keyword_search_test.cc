#include "index/keyword_search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace moat::index {
namespace {

// Documents as term -> frequency, drawn so that a few terms are common and most are rare.
struct Corpus {
    std::vector<std::map<std::size_t, std::uint32_t>> documents;
    std::vector<std::uint32_t> lengths;

    Corpus(std::size_t count, std::size_t terms, unsigned seed) {
        std::mt19937 random(seed);
        std::exponential_distribution<double> skewed(12.0 / static_cast<double>(terms));
        for (std::size_t i = 0; i < count; ++i) {
            auto& document = documents.emplace_back();
            const std::uint32_t length = 5 + random() % 60;
            for (std::uint32_t k = 0; k < length; ++k) {
                ++document[std::min(terms - 1, static_cast<std::size_t>(skewed(random)))];
            }
            lengths.push_back(length);
        }
    }
    double average() const {
        double total = 0;
        for (const std::uint32_t length : lengths)
            total += length;
        return total / static_cast<double>(lengths.size());
    }
    std::uint64_t having(std::size_t term) const {
        return static_cast<std::uint64_t>(std::ranges::count_if(
            documents, [&](const auto& document) { return document.contains(term); }
        ));
    }
    // BM25 written out, document by document.
    std::vector<ScoredRow> rank(
        const std::vector<std::size_t>& query, const RowSet& allowed, std::size_t limit
    ) const {
        std::vector<ScoredRow> all;
        std::map<std::size_t, double> counts;
        for (const std::size_t term : query)
            counts[term] = static_cast<double>(having(term));
        const double mean = average();
        for (std::size_t i = 0; i < documents.size(); ++i) {
            double score = 0;
            for (const std::size_t term : query) {
                const auto found = documents[i].find(term);
                if (found == documents[i].end()) continue;
                const double f = found->second;
                const double n = counts[term];
                const double idf =
                    std::log(1 + (static_cast<double>(documents.size()) - n + 0.5) / (n + 0.5));
                score += idf * f / (f + 1.2 * (1 - 0.75 + 0.75 * lengths[i] / mean));
            }
            if (score > 0 && allowed.contains(static_cast<Row>(i))) {
                all.push_back({static_cast<Row>(i), score});
            }
        }
        std::ranges::sort(all, ranks_before);
        all.resize(std::min(limit, all.size()));
        return all;
    }
};

// The corpus cut into segments of `segment_rows`, searched.
std::vector<ScoredRow> search(
    const Corpus& corpus,
    const std::vector<std::size_t>& query,
    const RowSet& allowed,
    std::size_t limit,
    Row segment_rows
) {
    std::vector<QueryTerm> terms;
    for (const std::size_t term : query) {
        terms.push_back({bm25_idf(corpus.documents.size(), corpus.having(term)), corpus.average()});
    }
    TopRows top(limit);
    const auto end = static_cast<Row>(corpus.documents.size());
    for (Row begin = 0; begin < end; begin += segment_rows) {
        const Row last = std::min(end, begin + segment_rows);
        std::vector<std::string> bytes(query.size());
        std::vector<TermPostings> lists;
        for (std::size_t t = 0; t < query.size(); ++t) {
            std::vector<Posting> postings;
            for (Row row = begin; row < last; ++row) {
                const auto found = corpus.documents[row].find(query[t]);
                if (found == corpus.documents[row].end()) continue;
                postings.push_back({row, found->second, corpus.lengths[row]});
            }
            if (postings.empty()) continue;
            encode_postings(postings, begin, bytes[t]);
            lists.push_back({t, *PostingList::open(bytes[t], begin)});
        }
        EXPECT_TRUE(score_segment(terms, lists, begin, last, allowed, {}, top));
    }
    return top.take();
}

TEST(KeywordSearch, RanksAsBm25WrittenOut) {
    const Corpus corpus(20'000, 400, 5);
    const RowSet all = RowSet::range(0, 20'000);
    RowSet some;
    for (Row row = 0; row < 20'000; row += 7)
        some.add(row);
    std::mt19937 random(6);
    for (int round = 0; round < 10; ++round) {
        std::vector<std::size_t> query;
        for (unsigned i = 0; i <= random() % 4; ++i) {
            const std::size_t term = i == 0 ? random() % 20 : random() % 400;
            if (std::ranges::find(query, term) == query.end()) query.push_back(term);
        }
        for (const RowSet* allowed : {&all, static_cast<const RowSet*>(&some)}) {
            const auto expected = corpus.rank(query, *allowed, 10);
            for (const Row segment_rows : {1000U, 16'384U, 20'000U}) {
                const auto found = search(corpus, query, *allowed, 10, segment_rows);
                ASSERT_EQ(found.size(), expected.size());
                for (std::size_t i = 0; i < found.size(); ++i) {
                    EXPECT_NEAR(found[i].score, expected[i].score, 1e-9);
                }
            }
        }
    }
}

TEST(KeywordSearch, WeighsRareTermsMoreAndNeverNegatively) {
    EXPECT_NEAR(bm25_idf(10, 1), std::log(1 + 9.5 / 1.5), 1e-12);
    EXPECT_GT(bm25_idf(10, 1), bm25_idf(10, 5));
    EXPECT_GT(bm25_idf(10, 10), 0);
}

TEST(KeywordSearch, ReportsDamagedBlocks) {
    const std::vector<Posting> postings{{1, 1, 5}, {4, 2, 7}};
    std::string bytes;
    encode_postings(postings, 0, bytes);
    bytes[bytes.size() - 4] = '\x7F';  // a width in the block's header
    const auto list = PostingList::open(bytes, 0);
    ASSERT_TRUE(list);
    TopRows top(10);
    const std::vector<QueryTerm> terms{{1.0, 5.0}};
    const std::vector<TermPostings> lists{{0, *list}};
    bool damaged = false;
    for (std::size_t at = 0; at < bytes.size() && !damaged; ++at) {
        std::string bad = bytes;
        bad[at] = '\x7F';
        const auto opened = PostingList::open(bad, 0);
        if (!opened) continue;
        const std::vector<TermPostings> broken{{0, *opened}};
        damaged = !score_segment(terms, broken, 0, 10, RowSet::range(0, 10), {}, top);
    }
    EXPECT_TRUE(damaged);
}

}  // namespace
}  // namespace moat::index
