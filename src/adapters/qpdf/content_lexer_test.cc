#include "adapters/qpdf/content_lexer.h"

#include <gtest/gtest.h>

namespace moat::adapters {
namespace {

using Kind = ContentToken::Kind;
using std::string_view_literals::operator""sv;

std::vector<ContentToken> tokens(std::string_view bytes) {
    ContentLexer lexer(bytes);
    std::vector<ContentToken> all;
    ContentToken token;
    while (lexer.next(token))
        all.push_back(token);
    return all;
}

// Examples of ISO 32000-1, 7.3.
TEST(ContentLexer, ReadsNumbersOfEveryForm) {
    const auto read = tokens("123 +17 -98 0 34.5 -3.62 4. -.002 0.0");
    const std::vector<double> expected = {123, 17, -98, 0, 34.5, -3.62, 4, -.002, 0};
    ASSERT_EQ(read.size(), expected.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        EXPECT_EQ(read[i].kind, Kind::number);
        EXPECT_DOUBLE_EQ(read[i].number, expected[i]);
    }
}

TEST(ContentLexer, ReadsStrings) {
    const auto read = tokens(
        "(Strings may contain balanced parentheses () and special characters (*!&}^% and so on).)"
        "(two\\\nlines)(\\101\\53\\n\\)\\x)<4E6F76 2073686D6F7A>(\\0053)<901FA>"
    );
    ASSERT_EQ(read.size(), 6U);
    EXPECT_EQ(
        read[0].text,
        "Strings may contain balanced parentheses () and special characters (*!&}^% and so on)."
    );
    EXPECT_EQ(read[1].text, "twolines");
    EXPECT_EQ(read[2].text, "A+\n)x");
    EXPECT_EQ(read[3].text, "Nov shmoz");
    EXPECT_EQ(read[4].text, "\0053");
    EXPECT_EQ(read[5].text, "\x90\x1F\xA0");
}

TEST(ContentLexer, ReadsNamesArraysAndKeywords) {
    const auto read = tokens("/A#42 [1(x)]TJ /Name1% comment\nT*");
    ASSERT_EQ(read.size(), 8U);
    EXPECT_EQ(read[0].text, "AB");
    EXPECT_EQ(read[1].kind, Kind::array_begin);
    EXPECT_EQ(read[4].kind, Kind::array_end);
    EXPECT_EQ(read[5].text, "TJ");
    EXPECT_EQ(read[6].text, "Name1");
    EXPECT_EQ(read[7].text, "T*");
}

TEST(ContentLexer, SkipsInlineImages) {
    const auto read = tokens("q BI /W 4 /H 4 ID \x00 EI\xFF\x01\x02 (\nEI Q (text) Tj"sv);
    ASSERT_EQ(read.size(), 4U);
    EXPECT_EQ(read[1].text, "Q");
    EXPECT_EQ(read[2].text, "text");
}

TEST(ContentLexer, FindsValuesOfDictionaries) {
    const std::string source = "<</MCID 3 /Sub <</ActualText (no)>> /ActualText (yes \\(1\\)) >>";
    EXPECT_EQ(dictionary_value(source, "ActualText").text, "yes (1)");
    EXPECT_EQ(dictionary_value(source, "MCID").number, 3);
    EXPECT_EQ(dictionary_value(source, "Lang").kind, Kind::end);
}

TEST(ContentLexer, BrokenInputEnds) {
    for (const std::string_view text : {"(", "<", "<<", "/", "BI", "((", "\\", "<</A (", "[[[["})
        (void)tokens(text);
    EXPECT_EQ(tokens("> ) } 1").size(), 1U);
}

}  // namespace
}  // namespace moat::adapters
