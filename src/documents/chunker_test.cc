#include "documents/chunker.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "documents/characters.h"
#include "documents/document_builder.h"

namespace moat::documents {
namespace {

using Path = std::vector<std::string>;

struct ChunkerTest : testing::Test {
    DocumentBuilder builder{"text/plain", {}};

    void heading(int level, std::string_view text) {
        ASSERT_TRUE(builder.add_heading(level, text));
    }
    void paragraph(std::string_view text) { ASSERT_TRUE(builder.add(BlockKind::paragraph, text)); }
    std::vector<Chunk> chunks(const ChunkOptions& options = {}) {
        document = std::move(builder).finish();
        return chunk_document(document, options);
    }
    // `count` sentences of 20 characters.
    static std::string sentences(int count) {
        std::string text;
        for (int i = 0; i < count; ++i)
            text += "This is sentence " + std::to_string(100 + i).substr(1) + ". ";
        return text;
    }

    Document document;
};

TEST_F(ChunkerTest, SmallPartsOfOneChapterShareAChunkAndKeepTheirHeadings) {
    heading(1, "Leave");
    heading(3, "Annual");
    paragraph("Ten days.");
    heading(3, "Sick");
    paragraph("As needed.");
    const auto made = chunks();
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].headings, (Path{"Leave"}));
    EXPECT_EQ(made[0].text, "Annual\nTen days.\nSick\nAs needed.");
    EXPECT_EQ(made[0].first_block, 0U);
    EXPECT_EQ(made[0].last_block, 4U);
}

TEST_F(ChunkerTest, LargeChaptersDoNotShareAChunk) {
    heading(1, "One");
    paragraph(sentences(20));
    heading(1, "Two");
    paragraph(sentences(20));
    const auto made = chunks();
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(made[0].headings, (Path{"One"}));
    EXPECT_EQ(made[1].headings, (Path{"Two"}));
    EXPECT_FALSE(made[1].text.contains("Two"));
}

TEST_F(ChunkerTest, AHeadingStaysWithWhatItHeads) {
    paragraph(sentences(30));
    heading(4, "Next");
    paragraph(sentences(40));
    const auto made = chunks();
    ASSERT_EQ(made.size(), 2U);
    EXPECT_FALSE(made[0].text.contains("Next"));
    EXPECT_EQ(made[1].headings, (Path{"Next"}));
}

TEST_F(ChunkerTest, ALongParagraphIsCutAtSentenceEndsWithOverlap) {
    const std::string text = sentences(90);
    paragraph(text);
    const auto made = chunks();
    ASSERT_GE(made.size(), 2U);
    for (const Chunk& chunk : made) {
        EXPECT_LE(weighted_size(chunk.text), 1200U);
        EXPECT_TRUE(chunk.text.starts_with("This is sentence"));
        EXPECT_TRUE(chunk.text.ends_with("."));
        EXPECT_TRUE(document.blocks[0].text.contains(chunk.text));
    }
    // The second begins with the last sentence of the first.
    const auto last = split_sentences(made[0].text).back();
    EXPECT_TRUE(made[1].text.starts_with(last));
}

TEST_F(ChunkerTest, ChineseTextWithoutStopsIsNeverCutInsideACharacter) {
    std::string text;
    for (int i = 0; i < 3000; ++i)
        text += "法";
    paragraph(text);
    std::size_t characters = 0;
    for (const Chunk& chunk : chunks()) {
        EXPECT_TRUE(is_utf8(chunk.text));
        EXPECT_LE(weighted_size(chunk.text), 1200U);
        characters += chunk.text.size() / 3;
    }
    EXPECT_GE(characters, 3000U);
}

TEST_F(ChunkerTest, ARecordIsAChunkWithItsFields) {
    ASSERT_TRUE(builder.add_record({{"name", "Li"}, {"city", "北京"}}));
    ASSERT_TRUE(builder.add_record({{"name", "Wu"}, {"city", ""}}));
    const auto made = chunks();
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(made[0].text, "name: Li\ncity: 北京");
    ASSERT_EQ(made[1].fields.size(), 1U);
    EXPECT_EQ(made[1].fields[0], (std::pair<std::string, std::string>("name", "Wu")));
}

TEST_F(ChunkerTest, PartsOfALongRecordRepeatItsFirstLineAndFields) {
    ASSERT_TRUE(builder.add_record({{"title", "Crash"}, {"detail", sentences(150)}}));
    const auto made = chunks();
    ASSERT_GE(made.size(), 3U);
    for (const Chunk& chunk : made) {
        EXPECT_TRUE(chunk.text.starts_with("title: Crash\n"));
        EXPECT_EQ(chunk.fields.size(), 2U);
    }
}

TEST_F(ChunkerTest, PartsOfAGiantRecordDoNotRepeatItsFields) {
    ASSERT_TRUE(builder.add_record({{"title", "Crash"}, {"detail", sentences(4000)}}));
    const auto made = chunks();
    ASSERT_GE(made.size(), 3U);
    EXPECT_EQ(made[0].fields.size(), 2U);
    for (std::size_t i = 1; i < made.size(); ++i)
        EXPECT_TRUE(made[i].fields.empty());
}

// Of a second when the work is linear; of minutes when anything is looked at once for every part.
TEST_F(ChunkerTest, GiantsAreCutInLinearTime) {
    const std::string giant(8 << 20, 'x');
    const auto begin = std::chrono::steady_clock::now();
    paragraph(giant);
    ASSERT_TRUE(builder.add_record({{"name", giant}, {"city", "Rome"}}));
    for (int i = 0; i < 200'000; ++i)
        ASSERT_TRUE(builder.add_row({"a cell that fills its row: " + std::to_string(i), "x"}));
    EXPECT_GE(chunks().size(), 2 * giant.size() / 1200);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(ChunkerTest, ATableIsCutBetweenRowsAndRepeatsItsHead) {
    ASSERT_TRUE(builder.add_row({"Name", "Days"}));
    for (int i = 0; i < 200; ++i)
        ASSERT_TRUE(builder.add_row({"Person number " + std::to_string(i), std::to_string(i)}));
    const auto made = chunks();
    ASSERT_GE(made.size(), 3U);
    for (const Chunk& chunk : made)
        EXPECT_TRUE(chunk.text.starts_with("Name | Days\n"));
}

TEST_F(ChunkerTest, PagesAndBoxesComeFromTheBlocks) {
    ASSERT_TRUE(builder.add(BlockKind::paragraph, "a", {.page = 2, .box = Box{1, 2, 3, 4}}));
    ASSERT_TRUE(builder.add(BlockKind::paragraph, "b", {.page = 3, .box = Box{5, 6, 7, 8}}));
    const auto made = chunks();
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].first_page, 2);
    EXPECT_EQ(made[0].last_page, 3);
    ASSERT_EQ(made[0].regions.size(), 2U);
    EXPECT_EQ(made[0].regions[1].page, 3);
    EXPECT_EQ(made[0].regions[1].box.left, 5);
}

TEST_F(ChunkerTest, HeadingsAloneAreStillFound) {
    heading(1, "Only");
    heading(2, "Titles");
    const auto made = chunks();
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].text, "Only\nTitles");
}

}  // namespace
}  // namespace moat::documents
