#include "documents/characters.h"

#include <gtest/gtest.h>

namespace moat::documents {
namespace {

TEST(Characters, ReadBackWhatWasAppended) {
    // RFC 3629, section 7: examples with their bytes.
    std::string text;
    for (const char32_t c : {char32_t{0x41}, char32_t{0x2262}, char32_t{0x391}, char32_t{0x233B4}})
        append_character(text, c);
    EXPECT_EQ(text, "\x41\xE2\x89\xA2\xCE\x91\xF0\xA3\x8E\xB4");
    std::size_t at = 0;
    EXPECT_EQ(next_character(text, at), 0x41U);
    EXPECT_EQ(next_character(text, at), 0x2262U);
    EXPECT_EQ(next_character(text, at), 0x391U);
    EXPECT_EQ(previous_character(text, text.size()), 0x233B4U);
}

TEST(Characters, IllFormedBytesNeverReadPastTheEnd) {
    for (const std::string_view text : {"\xF0\x9F\x98", "\xE4\xB8", "\x80\x80", "\xFF"}) {
        std::size_t at = 0;
        while (at < text.size())
            EXPECT_EQ(next_character(text, at), kReplacement);
        EXPECT_EQ(at, text.size());
    }
}

TEST(CleanText, TrimsLinesAndRunsOfBlanks) {
    EXPECT_EQ(clean_text("  a \t b\xC2\xA0 c \r\n\r\n\r\n\r\n　第一　条  \n"), "a b c\n\n第一 条");
}

TEST(CleanText, DropsWhatNobodySees) {
    EXPECT_EQ(clean_text("\xEF\xBB\xBFsoft\xC2\xADhyphen\x01\xE2\x80\x8B!"), "softhyphen!");
}

TEST(CleanCode, KeepsIndentation) {
    EXPECT_EQ(clean_code("\nif x:\n    y = 1  \n"), "if x:\n    y = 1");
}

TEST(JoinLine, AddsASpaceOnlyWhereTheScriptUsesOne) {
    std::string latin = "The quick";
    join_line(latin, "brown fox");
    EXPECT_EQ(latin, "The quick brown fox");
    std::string chinese = "中华人民";
    join_line(chinese, "共和国");
    EXPECT_EQ(chinese, "中华人民共和国");
    std::string mixed = "使用";
    join_line(mixed, "Moat");
    EXPECT_EQ(mixed, "使用 Moat");
}

TEST(JoinLine, ReunitesADividedWordButKeepsADash) {
    std::string word = "informa-";
    join_line(word, "tion");
    EXPECT_EQ(word, "information");
    std::string range = "pages 5-";
    join_line(range, "and more");
    EXPECT_EQ(range, "pages 5- and more");
    std::string name = "Anglo-";
    join_line(name, "Saxon");
    EXPECT_EQ(name, "Anglo- Saxon");
}

TEST(WeightedSize, CountsCjkAsTwoAndAHalf) {
    EXPECT_EQ(weighted_size("ab"), 2U);
    EXPECT_EQ(weighted_size("中文"), 5U);
    EXPECT_EQ(weighted_size("é"), 1U);
}

}  // namespace
}  // namespace moat::documents
