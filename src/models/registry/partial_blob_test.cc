#include "models/registry/partial_blob.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_dir.h"

namespace moat::models {
namespace {

constexpr PartLimits kTens{.count = 16, .min_bytes = 10, .max_bytes = 10};

struct PartialBlobTest : testing::Test {
    TempDir dir;
    std::filesystem::path blob = dir.path() / "sha256-aa";

    PartialBlob open(std::int64_t size, const PartLimits& limits = kTens) {
        auto opened = PartialBlob::open(blob, size, limits);
        EXPECT_TRUE(opened) << opened.error().message;
        return *std::move(opened);
    }
    bool has(const std::string& suffix) const {
        return std::filesystem::exists(blob.string() + suffix);
    }
};

TEST(PlanPartsTest, IsOllamasSixteenPartsWithinItsLimits) {
    const PartLimits limits;
    EXPECT_EQ(plan_parts(50'000'000, limits).size(), 1U);
    EXPECT_EQ(plan_parts(1'000'000'000, limits).size(), 10U);   // of 100 MB each
    EXPECT_EQ(plan_parts(4'800'000'000, limits).size(), 16U);   // of 300 MB each
    EXPECT_EQ(plan_parts(40'000'000'000, limits).size(), 40U);  // of 1000 MB each
    const auto parts = plan_parts(1'050'000'000, limits);
    EXPECT_EQ(parts.back().offset, 1'000'000'000);
    EXPECT_EQ(parts.back().size, 50'000'000);
}

TEST(PlanPartsTest, AnEmptyBlobIsOneEmptyPart) {
    const auto parts = plan_parts(0, PartLimits());
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].size, 0);
}

TEST(BlobPartTest, ReadsWhatOllamaWrites) {
    const auto part = parse_blob_part("{\"N\":3,\"Offset\":300,\"Size\":100,\"Completed\":42}\n");
    ASSERT_TRUE(part);
    EXPECT_EQ(part->number, 3);
    EXPECT_EQ(part->offset, 300);
    EXPECT_EQ(part->size, 100);
    EXPECT_EQ(part->completed, 42);
    EXPECT_EQ(to_json(*part), R"({"N":3,"Offset":300,"Size":100,"Completed":42})");
}

TEST(BlobPartTest, RefusesWhatMakesNoSense) {
    for (const char* text :
         {"",
          "{}",
          "[]",
          R"({"N":-1,"Offset":0,"Size":1,"Completed":0})",
          R"({"N":0,"Offset":-5,"Size":1,"Completed":0})",
          R"({"N":0,"Offset":0,"Size":1,"Completed":2})",
          R"({"N":0,"Offset":0,"Size":1125899906842625,"Completed":0})",
          R"({"N":99999,"Offset":0,"Size":1,"Completed":0})"})
        EXPECT_FALSE(parse_blob_part(text)) << text;
}

TEST_F(PartialBlobTest, BecomesTheBlobAndLeavesNothingBeside) {
    PartialBlob partial = open(25);
    ASSERT_EQ(partial.part_count(), 3U);
    ASSERT_TRUE(partial.write(2, bytes_of("UVWXY")));
    ASSERT_TRUE(partial.write(0, bytes_of("ABCDE")));
    EXPECT_EQ(partial.contiguous(), 5);
    EXPECT_EQ(partial.completed(), 10);
    ASSERT_TRUE(partial.write(0, bytes_of("FGHIJ")));
    ASSERT_TRUE(partial.write(1, bytes_of("KLMNOPQRST")));
    EXPECT_EQ(partial.contiguous(), 25);
    ASSERT_TRUE(partial.finish());
    EXPECT_EQ(*read_file(blob), "ABCDEFGHIJKLMNOPQRSTUVWXY");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST_F(PartialBlobTest, IsTakenUpWhereItWas) {
    {
        PartialBlob partial = open(25);
        ASSERT_TRUE(partial.write(1, bytes_of("KLM")));
    }
    // By its own plan, whatever the limits are now.
    PartialBlob partial = open(25, PartLimits());
    ASSERT_EQ(partial.part_count(), 3U);
    EXPECT_EQ(partial.part(1).completed, 3);
    Bytes three(3);
    ASSERT_TRUE(partial.read(10, three));
    EXPECT_EQ(text_of(three), "KLM");
}

TEST_F(PartialBlobTest, BeginsAnewWhenARecordIsDamagedOrMissing) {
    for (const char* damage : {"{", "remove"}) {
        {
            PartialBlob partial = open(25);
            ASSERT_TRUE(partial.write(0, bytes_of("ABC")));
        }
        const auto record = blob.string() + "-partial-1";
        if (std::string_view(damage) == "remove")
            std::filesystem::remove(record);
        else
            ASSERT_TRUE(write_file_atomically(record, bytes_of(damage)));
        EXPECT_EQ(open(25).completed(), 0) << damage;
        ASSERT_TRUE(open(25).discard());
    }
}

TEST_F(PartialBlobTest, BeginsAnewForAnotherSize) {
    {
        PartialBlob partial = open(25);
        ASSERT_TRUE(partial.write(0, bytes_of("ABC")));
    }
    PartialBlob partial = open(15);
    EXPECT_EQ(partial.completed(), 0);
    EXPECT_EQ(partial.part_count(), 2U);
    EXPECT_FALSE(has("-partial-2"));
}

TEST_F(PartialBlobTest, RefusesWhatTheDiskHasNoRoomFor) {
    const auto opened = PartialBlob::open(blob, std::int64_t{1} << 49, PartLimits());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::too_large);
    EXPECT_FALSE(has("-partial"));
}

}  // namespace
}  // namespace moat::models
