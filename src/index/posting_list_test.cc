#include "index/posting_list.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace moat::index {
namespace {

std::vector<Posting> random_postings(std::size_t count, Row base, Row gap, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Posting> postings;
    Row row = base;
    for (std::size_t i = 0; i < count; ++i) {
        row += random() % gap;
        postings.push_back(
            {row,
             static_cast<std::uint32_t>(1 + random() % 9),
             static_cast<std::uint32_t>(1 + random() % 3000)}
        );
        ++row;
    }
    return postings;
}

TEST(PostingList, GivesBackWhatWasEncoded) {
    for (const std::size_t count : {1U, 2U, 127U, 128U, 129U, 1000U}) {
        for (const Row gap : {1U, 3U, 100'000U}) {
            const auto postings = random_postings(count, 77, gap, static_cast<unsigned>(count));
            std::string bytes;
            encode_postings(postings, 77, bytes);
            EXPECT_EQ(PostingList::count_of(bytes), count);
            const auto list = PostingList::open(bytes, 77);
            ASSERT_TRUE(list);
            EXPECT_EQ(*list->read_all(), postings);
            RowSet rows;
            ASSERT_TRUE(list->add_rows_to(rows));
            EXPECT_EQ(rows.count(), count);
            for (const Posting& posting : postings)
                EXPECT_TRUE(rows.contains(posting.row));
        }
    }
}

TEST(PostingList, KeepsExtremeValues) {
    const std::vector<Posting> postings{{0, 1, 1}, {kNoRow - 1, 0xFFFFFFFF, 0xFFFFFFFF}};
    std::string bytes;
    encode_postings(postings, 0, bytes);
    EXPECT_EQ(*PostingList::open(bytes, 0)->read_all(), postings);
}

TEST(PostingList, BoundsItsBlocks) {
    const auto postings = random_postings(500, 0, 5, 1);
    std::string bytes;
    encode_postings(postings, 0, bytes);
    const auto list = PostingList::open(bytes, 0);
    for (std::size_t i = 0; i < postings.size(); ++i) {
        const auto& block = list->blocks()[i / kPostingsPerBlock];
        EXPECT_LE(postings[i].row, block.last);
        EXPECT_LE(postings[i].frequency, block.max_frequency);
        EXPECT_GE(postings[i].length, block.min_length);
        EXPECT_EQ(list->block_for(postings[i].row, 0), i / kPostingsPerBlock);
    }
    EXPECT_EQ(list->block_for(postings.back().row + 1, 0), list->blocks().size());
}

TEST(PostingList, RefusesOrSurvivesEveryDamage) {
    const auto postings = random_postings(300, 0, 50, 2);
    std::string good;
    encode_postings(postings, 0, good);
    const auto read = [](std::string_view bytes) {
        const auto list = PostingList::open(bytes, 0);
        return list && list->read_all();
    };
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(read(std::string_view(good).substr(0, size)) && size > 0) << size;
    }
    std::mt19937 random(3);
    for (int i = 0; i < 20'000; ++i) {
        std::string bad = good;
        for (unsigned k = 0; k <= random() % 3; ++k) {
            bad[random() % bad.size()] = static_cast<char>(random());
        }
        (void)read(bad);  // whatever it says, it must not read or write beyond its bytes (ASan)
    }
}

TEST(RowSetTest, AgreesWithAPlainVectorOfBooleans) {
    std::mt19937 random(4);
    const auto draw = [&](RowSet& set, std::vector<bool>& plain) {
        for (int i = 0; i < 300; ++i) {
            const Row row = random() % 1000;
            set.add(row);
            plain[row] = true;
        }
    };
    for (int round = 0; round < 50; ++round) {
        RowSet a, b;
        std::vector<bool> x(1000), y(1000);
        draw(a, x);
        draw(b, y);
        const Row begin = random() % 1000;
        const Row end = begin + random() % (1000 - begin);
        RowSet both = a, either = a, minus = a, filled = a;
        both &= b;
        either |= b;
        minus.subtract(b);
        filled.add_range(begin, end);
        std::size_t in_range = 0;
        for (Row row = 0; row < 1000; ++row) {
            EXPECT_EQ(both.contains(row), x[row] && y[row]);
            EXPECT_EQ(either.contains(row), x[row] || y[row]);
            EXPECT_EQ(minus.contains(row), x[row] && !y[row]);
            EXPECT_EQ(filled.contains(row), x[row] || (row >= begin && row < end));
            if (row >= begin && row < end && x[row]) ++in_range;
        }
        EXPECT_EQ(a.count(begin, end), in_range);
        std::vector<Row> visited;
        a.for_each(begin, end, [&](Row row) { visited.push_back(row); });
        EXPECT_EQ(visited.size(), in_range);
        EXPECT_TRUE(std::ranges::is_sorted(visited));
        std::string bytes;
        a.encode(bytes);
        EXPECT_EQ(*RowSet::decode(bytes), a);
    }
}

TEST(RowSetTest, StoresLongRunsSmall) {
    std::string bytes;
    RowSet::range(10, 1'000'000).encode(bytes);
    EXPECT_LT(bytes.size(), 64U);
    EXPECT_FALSE(RowSet::decode(bytes.substr(0, bytes.size() - 1)));
    EXPECT_FALSE(RowSet::decode(bytes + "x"));
}

}  // namespace
}  // namespace moat::index
