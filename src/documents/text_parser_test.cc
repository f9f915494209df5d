#include "documents/text_parser.h"

#include <gtest/gtest.h>

#include "documents/test_utf8_decoder.h"

namespace moat::documents {
namespace {

using Blocks = std::vector<std::pair<BlockKind, std::string>>;

struct TextParserTest : testing::Test {
    TestUtf8Decoder decoder;

    Blocks blocks(std::string_view text) {
        const auto document = TextParser(decoder).parse(bytes_of(text), "a.txt", {});
        EXPECT_TRUE(document) << document.error().message;
        Blocks out;
        for (const Block& block : document->blocks)
            out.emplace_back(block.kind, block.text);
        return out;
    }
};

TEST_F(TextParserTest, LinesOfChineseTextAreParagraphsAndChaptersHeadings) {
    EXPECT_EQ(
        blocks("第一章　总则\r\n第一条 为了规范。\r\n第二条 第三章规定的情形除外。\r\n"),
        (Blocks{
            {BlockKind::heading, "第一章 总则"},
            {BlockKind::paragraph, "第一条 为了规范。"},
            {BlockKind::paragraph, "第二条 第三章规定的情形除外。"},
        })
    );
}

TEST_F(TextParserTest, WrappedLinesGrowTogetherAndListItemsStayApart) {
    EXPECT_EQ(
        blocks("This paragraph was wrapped by a program at a fixed\n"
               "width, as mails and old manuals are, so that its\n"
               "lines are of nearly equal length.\n\n"
               "1. The first item of a list that is wrapped at the\n"
               "same width.\n"
               "2. The second.\n"),
        (Blocks{
            {BlockKind::paragraph,
             "This paragraph was wrapped by a program at a fixed width, as mails and old manuals "
             "are, so that its lines are of nearly equal length."},
            {BlockKind::list_item, "1. The first item of a list that is wrapped at the same width."
            },
            {BlockKind::list_item, "2. The second."},
        })
    );
}

TEST_F(TextParserTest, ShortLinesStayLines) {
    EXPECT_EQ(
        blocks("roses are red\nviolets are blue\n"),
        (Blocks{{BlockKind::paragraph, "roses are red"}, {BlockKind::paragraph, "violets are blue"}}
        )
    );
}

}  // namespace
}  // namespace moat::documents
