#include "documents/page/page_blocks.h"

#include <gtest/gtest.h>

#include "documents/page/test_page.h"

namespace moat::documents {
namespace {

using Texts = std::vector<std::string>;

Texts texts(const PageGlyphs& page) {
    Texts out;
    for (const PageBlock& block : find_blocks(page)) {
        if (!block.is_row) {
            out.push_back(block.text);
            continue;
        }
        std::string row = "|";
        for (const std::string& cell : block.cells)
            row += cell + "|";
        out.push_back(row);
    }
    return out;
}

// Lines of 30 characters in a column that is 150 points wide.
void fill_column(TestPage& page, float x, float y, const std::string& word, int lines) {
    for (int i = 0; i < lines; ++i)
        page.text(x, y + 12 * static_cast<float>(i), word + " fills its line with words");
}

TEST(FindBlocks, LinesOfAParagraphJoinAndParagraphsPart) {
    TestPage page;
    page.text(60, 100, "The first paragraph has lines that");
    page.text(60, 112, "reach to the right edge, but its");
    page.text(60, 124, "last is short.");
    page.text(60, 136, "The second one begins here with no");
    page.text(60, 148, "gap above it, and ends.");
    EXPECT_EQ(
        texts(page.page),
        (Texts{
            "The first paragraph has lines that reach to the right edge, but its last is "
            "short.",
            "The second one begins here with no gap above it, and ends."
        })
    );
}

TEST(FindBlocks, ChineseLinesJoinWithoutBlanks) {
    TestPage page;
    page.text(60, 100, "为了规范个人信息处理活动");
    page.text(60, 112, "促进个人信息合理利用，根");
    page.text(60, 124, "据宪法，制定本法。");
    EXPECT_EQ(
        texts(page.page),
        (Texts{"为了规范个人信息处理活动促进个人信息合理利用，根据宪法，制定本法。"})
    );
}

TEST(FindBlocks, ColumnsAreReadOneAfterTheOtherBetweenLinesThatGoAcross) {
    TestPage page;
    page.text(60, 60, "A title that stands over both of the columns of text", 16);
    fill_column(page, 60, 100, "left", 6);
    fill_column(page, 330, 100, "right", 6);
    page.text(60, 200, "A line between that also stands over both columns", 16);
    fill_column(page, 60, 240, "lower", 6);
    fill_column(page, 330, 240, "last", 6);
    const Texts found = texts(page.page);
    ASSERT_EQ(found.size(), 6U);
    EXPECT_TRUE(found[0].starts_with("A title"));
    EXPECT_TRUE(found[1].starts_with("left fills"));
    EXPECT_FALSE(found[1].contains("right"));
    EXPECT_TRUE(found[2].starts_with("right fills"));
    EXPECT_TRUE(found[3].starts_with("A line between"));
    EXPECT_TRUE(found[4].starts_with("lower fills"));
    EXPECT_TRUE(found[5].starts_with("last fills"));
}

TEST(FindBlocks, RowsThatStandInLineAreATableEvenWithoutRules) {
    TestPage page;
    for (int i = 0; i < 6; ++i) {
        const float y = 100 + 12 * static_cast<float>(i);
        page.text(60, y, "Item " + std::to_string(i));
        if (i != 2) page.text(200, y, std::to_string(100 + i));
        page.text(300, y, i % 2 == 0 ? "paid" : "open");
    }
    const Texts found = texts(page.page);
    ASSERT_EQ(found.size(), 6U);
    EXPECT_EQ(found[0], "|Item 0|100|paid|");
    EXPECT_EQ(found[2], "|Item 2||paid|");
}

TEST(FindBlocks, ALineFarFromTheRowsAroundItIsNoRow) {
    TestPage page;
    for (const float y : {100.0F, 112.0F, 212.0F, 224.0F}) {
        page.text(60, y, "Item");
        page.text(300, y, "paid");
    }
    page.text(60, 162, "A heading between");
    EXPECT_EQ(
        texts(page.page),
        (Texts{"|Item|paid|", "|Item|paid|", "A heading between", "|Item|paid|", "|Item|paid|"})
    );
}

TEST(FindBlocks, RulesMakeCellsOfSeveralLinesAndSpans) {
    TestPage page;
    // Two columns, two rows; the left column is one cell over both rows.
    for (const float y : {100.0F, 180.0F})
        page.rule(60, y, 260, y);
    page.rule(160, 140, 260, 140);
    for (const float x : {60.0F, 160.0F, 260.0F})
        page.rule(x, 100, x, 180);
    page.text(65, 130, "Both");
    page.text(65, 142, "rows");
    page.text(165, 115, "upper cell");
    page.text(165, 127, "of two lines");
    page.text(165, 160, "lower");
    EXPECT_EQ(
        texts(page.page), (Texts{"|Both rows|upper cell of two lines|", "|Both rows|lower|"})
    );
}

TEST(FindBlocks, ABoxAroundTextIsNoTable) {
    TestPage page;
    page.rule(50, 80, 400, 80);
    page.rule(50, 140, 400, 140);
    page.rule(50, 80, 50, 140);
    page.rule(400, 80, 400, 140);
    page.text(60, 100, "A remark in a frame.");
    EXPECT_EQ(texts(page.page), (Texts{"A remark in a frame."}));
}

TEST(FindBlocks, VerticalWritingGoesFromRightToLeft) {
    TestPage page;
    page.column(300, 100, "わたくしといふ現象は");
    page.column(280, 100, "假定された有機交流電燈の");
    EXPECT_EQ(texts(page.page).front(), "わたくしといふ現象は");
    const auto blocks = find_blocks(page.page);
    EXPECT_NEAR(blocks[0].box.left, 295, 0.1);
    EXPECT_NEAR(blocks[0].box.bottom, 200, 0.1);
}

TEST(FindBlocks, TextDrawnTwiceIsReadOnce) {
    TestPage page;
    page.text(60, 100, "still bold all over");
    page.text(60.3F, 100.2F, "still bold all over");
    EXPECT_EQ(texts(page.page), (Texts{"still bold all over"}));
}

TEST(FindBlocks, AnAccentDrawnOverItsLetterJoinsIt) {
    TestPage page;
    page.text(60, 100, "na");
    page.text(70, 100, "¨");
    page.text(70, 100, "ıve");
    EXPECT_EQ(texts(page.page), (Texts{"nai\u0308ve"}));
}

TEST(FindBlocks, LeadersSayNothing) {
    TestPage page;
    page.text(60, 100, "Chapter one ........................ 5");
    EXPECT_EQ(texts(page.page), (Texts{"Chapter one  5"}));
}

TEST(FindBlocks, NonsensePlacesAreLeftOut) {
    TestPage page;
    page.text(60, 100, "fine");
    page.text(std::numeric_limits<float>::quiet_NaN(), 100, "a");
    page.text(60, std::numeric_limits<float>::infinity(), "b");
    page.text(60, 100, "c", 0);
    EXPECT_EQ(texts(page.page), (Texts{"fine"}));
}

}  // namespace
}  // namespace moat::documents
