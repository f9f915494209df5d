#include "index/row_array.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace moat::index {
namespace {

struct Released {
    std::size_t bytes = 0;
    std::size_t in_use = 0;
};

class Watched final : public ChunkSource {
  public:
    explicit Watched(Released& seen) : seen_(seen) {}
    Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override {
        return memory_.chunk(number, bytes);
    }
    void in_use(std::size_t bytes) override { seen_.in_use = bytes; }
    void release(std::byte* from, std::size_t bytes) override {
        seen_.bytes += bytes;
        memory_.release(from, bytes);
    }

  private:
    Released& seen_;
    MemoryChunks memory_;
};

void fill(RowArray& rows, Row end) {
    ASSERT_TRUE(rows.grow_to(end));
    for (Row row = 0; row < end; ++row)
        *rows.at<std::uint32_t>(row) = row + 1;
}

TEST(RowArray, GivesBackPagesOfDeadRowsOnceAndKeepsTheOthers) {
    for (const std::size_t row_bytes : {32U, 192U, 256U, 3072U}) {
        SCOPED_TRACE(row_bytes);
        Released seen;
        RowArray rows(row_bytes, std::make_unique<Watched>(seen));
        const auto end = static_cast<Row>(3 * rows.rows_per_chunk() / 2);
        fill(rows, end);
        RowSet dead = RowSet::range(100, static_cast<Row>(rows.rows_per_chunk() + 50));
        dead.remove(200);
        rows.release(dead);
        const std::size_t dead_bytes = dead.count() * row_bytes;
        EXPECT_LE(seen.bytes, dead_bytes);
        // At each of the four ends a page may have to stay, and what reaches over it.
        EXPECT_GE(seen.bytes + 4 * (4096 + 2 * row_bytes), dead_bytes);
        for (Row row = 0; row < end; ++row) {
            if (!dead.contains(row)) EXPECT_EQ(*rows.at<std::uint32_t>(row), row + 1);
        }
        const std::size_t once = seen.bytes;
        rows.release(dead);
        EXPECT_EQ(seen.bytes, once);
    }
}

TEST(RowArray, TellsHowMuchOfTheFirstChunkIsInUse) {
    Released seen;
    RowArray rows(256, std::make_unique<Watched>(seen));
    ASSERT_TRUE(rows.grow_to(10));
    EXPECT_EQ(seen.in_use, 2560U);
    ASSERT_TRUE(rows.grow_to(static_cast<Row>(rows.rows_per_chunk() + 1)));
    EXPECT_EQ(seen.in_use, rows.chunk_bytes());
}

TEST(RowArray, MovesWithAllItHas) {
    Released before;
    Released after;
    RowArray rows(256, std::make_unique<Watched>(before));
    const auto end = static_cast<Row>(rows.rows_per_chunk() + 10);
    fill(rows, end);
    const std::byte* const old = rows.at(5);
    ASSERT_TRUE(rows.move_to(std::make_unique<Watched>(after)));
    EXPECT_NE(rows.at(5), old);
    EXPECT_EQ(*reinterpret_cast<const std::uint32_t*>(old), 6U);  // for who is still reading
    for (Row row = 0; row < end; ++row)
        ASSERT_EQ(*rows.at<std::uint32_t>(row), row + 1);
    ASSERT_TRUE(rows.grow_to(static_cast<Row>(2 * rows.rows_per_chunk() + 1)));
    rows.release(RowSet::range(0, end));
    EXPECT_EQ(before.bytes, 0U);
    EXPECT_GT(after.bytes, 0U);
}

}  // namespace
}  // namespace moat::index
