#include "adapters/gumbo/html_parser.h"

#include <gtest/gtest.h>

#include "documents/test_utf8_decoder.h"

namespace moat::adapters {
namespace {

using documents::BlockKind;
using Blocks = std::vector<std::pair<BlockKind, std::string>>;

struct HtmlParserTest : testing::Test {
    documents::TestUtf8Decoder decoder;
    HtmlParser parser{decoder};

    documents::Document parse(std::string_view html) {
        auto document = parser.parse(bytes_of(html), "page.html", {});
        EXPECT_TRUE(document) << document.error().message;
        return document ? *document : documents::Document{};
    }
    Blocks blocks(std::string_view html) {
        Blocks out;
        for (const auto& block : parse(html).blocks)
            out.emplace_back(block.kind, block.text);
        return out;
    }
};

TEST_F(HtmlParserTest, KeepsContentAndDropsWhatSurroundsIt) {
    const auto made = blocks(
        "<html><head><title>T</title><style>p{}</style></head><body>"
        "<nav><a href=/>Home</a></nav><div class='top-menu'>Menu</div>"
        "<main><h1>Leave</h1><p>Ten days of annual leave, every year.</p>"
        "<script>x()</script><aside>Advert</aside></main>"
        "<footer>Copyright</footer></body></html>"
    );
    EXPECT_EQ(
        made,
        (Blocks{
            {BlockKind::heading, "Leave"},
            {BlockKind::paragraph, "Ten days of annual leave, every year."}
        })
    );
}

TEST_F(HtmlParserTest, AHeadlineOutsideTheTextIsItsFirstHeading) {
    const auto document = parse(
        "<title>Leave rules - Intranet</title><div><h1>Leave rules</h1></div><div><p>Ten days of "
        "annual leave, every year, for everybody.</p><h2>Sick leave #</h2><p>As needed.</p></div>"
    );
    EXPECT_EQ(document.title, "Leave rules");
    ASSERT_EQ(document.blocks.size(), 4U);
    EXPECT_EQ(document.blocks[0].text, "Leave rules");
    EXPECT_EQ(document.blocks[2].text, "Sick leave");
}

TEST_F(HtmlParserTest, WhiteSpaceFollowsTheScript) {
    EXPECT_EQ(
        blocks("<p>one\n  two <b>three</b>,\n四\n五</p>"),
        (Blocks{{BlockKind::paragraph, "one two three, 四五"}})
    );
}

TEST_F(HtmlParserTest, ListsNestAndCount) {
    EXPECT_EQ(
        blocks("<ol start=3><li>three<ul><li>inner</li></ul></li><li>four</li></ol>"),
        (Blocks{
            {BlockKind::list_item, "3. three"},
            {BlockKind::list_item, "inner"},
            {BlockKind::list_item, "4. four"}
        })
    );
}

TEST_F(HtmlParserTest, TablesOfDataFillTheirSpans) {
    EXPECT_EQ(
        blocks("<table><tr><th>City</th><th colspan=2>Days</th></tr>"
               "<tr><td rowspan=2>北京</td><td>1</td><td>2</td></tr>"
               "<tr><td>3</td><td>4</td></tr></table>"),
        (Blocks{
            {BlockKind::table_row, "City | Days |"},
            {BlockKind::table_row, "北京 | 1 | 2"},
            {BlockKind::table_row, "北京 | 3 | 4"}
        })
    );
}

TEST_F(HtmlParserTest, TablesThatArrangeThePageAreNoRows) {
    EXPECT_EQ(
        blocks("<table><tr><td><p>One</p><p>Two</p></td></tr></table>"),
        (Blocks{{BlockKind::paragraph, "One"}, {BlockKind::paragraph, "Two"}})
    );
}

TEST_F(HtmlParserTest, CodeKeepsItsLines) {
    EXPECT_EQ(
        blocks("<pre><code>a\n  b &lt;c&gt;</code></pre>"),
        (Blocks{{BlockKind::code, "a\n  b <c>"}})
    );
}

TEST_F(HtmlParserTest, UnclosedTagsAndBadNestingStillGiveText) {
    EXPECT_EQ(
        blocks("<p>one<p>two<b>three<div>four</b>"),
        (Blocks{
            {BlockKind::paragraph, "one"},
            {BlockKind::paragraph, "twothree"},
            {BlockKind::paragraph, "four"}
        })
    );
}

TEST_F(HtmlParserTest, DeeplyNestedElementsCostNoStack) {
    std::string html = "<p>start</p>";
    for (int i = 0; i < 3'000; ++i)
        html += "<div>";
    html += "deep";
    const auto made = blocks(html);
    ASSERT_FALSE(made.empty());
    EXPECT_EQ(made.back().second, "deep");
}

TEST_F(HtmlParserTest, RecognisesPagesWhateverTheirName) {
    EXPECT_TRUE(parser.recognises(bytes_of("\xEF\xBB\xBF <!DOCTYPE html><p>")));
    EXPECT_TRUE(parser.recognises(bytes_of("<?xml version='1.0'?><!-- x --><html lang=en>")));
    EXPECT_TRUE(parser.recognises(bytes_of(std::string_view("\xFF\xFE<\0h\0t\0m\0l\0>\0", 14))));
    EXPECT_FALSE(parser.recognises(bytes_of("<svg></svg>")));
    EXPECT_FALSE(parser.recognises(bytes_of("See <html> tags.")));
}

}  // namespace
}  // namespace moat::adapters
