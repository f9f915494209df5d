#include "adapters/md4c/markdown_parser.h"

#include <gtest/gtest.h>

#include "documents/test_utf8_decoder.h"

namespace moat::adapters {
namespace {

using documents::Block;
using documents::BlockKind;

struct MarkdownParserTest : testing::Test {
    documents::TestUtf8Decoder decoder;

    documents::Document parse(std::string_view text) {
        auto document = MarkdownParser(decoder).parse(bytes_of(text), "note.md", {});
        EXPECT_TRUE(document) << document.error().message;
        return document ? *document : documents::Document{};
    }
    static std::vector<std::pair<BlockKind, std::string>> kinds(const documents::Document& document
    ) {
        std::vector<std::pair<BlockKind, std::string>> out;
        for (const Block& block : document.blocks)
            out.emplace_back(block.kind, block.text);
        return out;
    }
};

TEST_F(MarkdownParserTest, ReadsHeadingsParagraphsAndTheirPath) {
    const auto document = parse("# A *b*\n\none\ntwo\n\n## C\n\n中文\n换行\n");
    EXPECT_EQ(
        kinds(document),
        (decltype(kinds(document)){
            {BlockKind::heading, "A b"},
            {BlockKind::paragraph, "one two"},
            {BlockKind::heading, "C"},
            {BlockKind::paragraph, "中文换行"},
        })
    );
    EXPECT_EQ(document.blocks[3].headings, (std::vector<std::string>{"A b", "C"}));
    EXPECT_EQ(document.title, "A b");
}

TEST_F(MarkdownParserTest, NestedListsKeepNumbersAndEachItem) {
    const auto document = parse("3. three\n   - inner\n4. four\n\n   more\n");
    EXPECT_EQ(
        kinds(document),
        (decltype(kinds(document)){
            {BlockKind::list_item, "3. three"},
            {BlockKind::list_item, "inner"},
            {BlockKind::list_item, "4. four"},
            {BlockKind::list_item, "more"},
        })
    );
}

TEST_F(MarkdownParserTest, TablesAreRowsAndCodeKeepsItsLines) {
    const auto document = parse("|a|b|\n|---|---|\n|1|`x` y|\n\n```cpp\nint  x;\n  y\n```\n");
    EXPECT_EQ(
        kinds(document),
        (decltype(kinds(document)){
            {BlockKind::table_row, "a | b"},
            {BlockKind::table_row, "1 | x y"},
            {BlockKind::code, "int  x;\n  y"},
        })
    );
}

TEST_F(MarkdownParserTest, ALineBreakBeforeCodeIsABlank) {
    EXPECT_EQ(parse("Set\n`MOAT_HOST`\nto it\n").blocks[0].text, "Set MOAT_HOST to it");
}

TEST_F(MarkdownParserTest, HtmlAndEntitiesBecomeText) {
    const auto document = parse(
        "<!-- hidden -->\n\n<div>\n<p>Tom &amp; Li</p><script>x()</script>\n</div>\n\n"
        "a<br>b &lt;c&gt; &#20013;\n"
    );
    EXPECT_EQ(
        kinds(document),
        (decltype(kinds(document)){
            {BlockKind::paragraph, "Tom & Li"},
            {BlockKind::paragraph, "a\nb <c> 中"},
        })
    );
}

TEST_F(MarkdownParserTest, FrontMatterGivesTheTitleOnly) {
    const auto document = parse("---\ntitle: \"Leave policy\"\ntags: [x]\n---\nBody\n");
    EXPECT_EQ(document.title, "Leave policy");
    ASSERT_EQ(document.blocks.size(), 1U);
    EXPECT_EQ(document.blocks[0].text, "Body");
}

TEST_F(MarkdownParserTest, DeepNestingIsNoTrouble) {
    const std::string deep(20'000, '>');
    EXPECT_FALSE(parse(deep + " end\n").blocks.empty());
}

}  // namespace
}  // namespace moat::adapters
