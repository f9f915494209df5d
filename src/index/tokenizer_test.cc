#include "index/tokenizer.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace moat::index {
namespace {

using Terms = std::vector<std::string>;

// Knows a few words, as a dictionary would.
class FixedWords final : public WordSegmenter {
  public:
    void cut(std::string_view run, std::vector<std::string>& words) const override {
        for (const std::string_view word : {"数据库", "大模型", "向量"}) {
            if (run.contains(word)) words.emplace_back(word);
        }
    }
};

bool has(const Terms& terms, std::string_view term) {
    return std::ranges::find(terms, term) != terms.end();
}

struct TokenizerTest : testing::Test {
    Tokenizer tokenizer{std::make_shared<const FixedWords>()};
    Terms words(std::string_view text) const {
        return tokenizer.tokenize(text, Tokenization::word);
    }
};

TEST_F(TokenizerTest, SplitsWordsAtWhatIsNoLetterOrDigit) {
    EXPECT_EQ(
        words("Hello, (World)! state-of-the-art 3.14"),
        (Terms{"hello", "world", "state", "of", "the", "art", "3", "14"})
    );
    EXPECT_EQ(words("snake_case a/b"), (Terms{"snake", "case", "a", "b"}));
    EXPECT_EQ(words(" ,. "), Terms{});
    EXPECT_EQ(words(""), Terms{});
}

TEST_F(TokenizerTest, FoldsCaseWidthAndCompatibilityForms) {
    EXPECT_EQ(words("Straße ＧＰＵ２４ ﬁne ÉCOLE"), (Terms{"strasse", "gpu24", "fine", "école"}));
    // A letter with its accent apart and in one are the same word.
    EXPECT_EQ(words("cafe\u0301"), words("caf\u00e9"));
}

TEST_F(TokenizerTest, CutsChineseIntoCharactersPairsAndLongerWords) {
    const Terms terms = words("向量数据库");
    EXPECT_EQ(std::ranges::count(terms, "向"), 1);
    for (const char* pair : {"向量", "量数", "数据", "据库"})
        EXPECT_EQ(std::ranges::count(terms, pair), 1);
    EXPECT_EQ(std::ranges::count(terms, "数据库"), 1);
    EXPECT_EQ(terms.size(), 5U + 4U + 1U);
}

TEST_F(TokenizerTest, FindsTraditionalTextBySimplifiedWords) {
    EXPECT_EQ(words("向量數據庫與機器學習"), words("向量数据库与机器学习"));
}

TEST_F(TokenizerTest, PartsChineseFromLatinAndDigits) {
    const Terms terms = words("使用GPU加速2倍");
    EXPECT_TRUE(has(terms, "gpu"));
    EXPECT_TRUE(has(terms, "2"));
    EXPECT_TRUE(has(terms, "倍"));
    EXPECT_TRUE(has(terms, "加速"));
    EXPECT_FALSE(has(terms, "用gpu"));
}

TEST_F(TokenizerTest, GivesPairsAloneWithoutADictionary) {
    const Tokenizer plain;
    EXPECT_EQ(
        plain.tokenize("数据库", Tokenization::word), (Terms{"数", "据", "库", "数据", "据库"})
    );
}

TEST_F(TokenizerTest, GivesPairsOfKanaAndWordsOfHangul) {
    EXPECT_EQ(words("カメラ"), (Terms{"カメ", "メラ"}));
    EXPECT_EQ(words("한국어 검색"), (Terms{"한국어", "검색"}));
}

TEST_F(TokenizerTest, KeepsToTheOtherKinds) {
    EXPECT_EQ(
        tokenizer.tokenize(" Foo-Bar  baz ", Tokenization::whitespace), (Terms{"Foo-Bar", "baz"})
    );
    EXPECT_EQ(
        tokenizer.tokenize(" Foo-Bar  baz ", Tokenization::lowercase), (Terms{"foo-bar", "baz"})
    );
    EXPECT_EQ(tokenizer.tokenize("  Foo Bar ", Tokenization::field), Terms{"Foo Bar"});
    EXPECT_EQ(tokenizer.tokenize("", Tokenization::field), Terms{});
    EXPECT_EQ(tokenizer.tokenize("AB-cd", Tokenization::trigram), (Terms{"abc", "bcd"}));
    EXPECT_EQ(tokenizer.tokenize("数据库", Tokenization::trigram), Terms{"数据库"});
    EXPECT_EQ(tokenizer.tokenize("ab", Tokenization::trigram), Terms{"ab"});
}

TEST_F(TokenizerTest, SurvivesIllFormedText) {
    EXPECT_EQ(words("ab\xFF\xC3 cd"), (Terms{"ab", "cd"}));
    EXPECT_EQ(words(std::string_view("a\0b", 3)), (Terms{"a", "b"}));
}

TEST_F(TokenizerTest, CutsEndlessTermsAtACharacter) {
    std::string endless;
    for (int i = 0; i < 1000; ++i)
        endless += "é";
    const Terms terms = words(endless);
    ASSERT_EQ(terms.size(), 1U);
    EXPECT_EQ(terms[0].size(), Tokenizer::kMaxTermBytes);
    EXPECT_EQ(terms[0], endless.substr(0, Tokenizer::kMaxTermBytes));
}

TEST_F(TokenizerTest, KeepsWildcardsOfPatterns) {
    EXPECT_EQ(tokenizer.tokenize_pattern("Fo*o BA?", Tokenization::word), (Terms{"fo*o", "ba?"}));
    EXPECT_EQ(tokenizer.tokenize_pattern("A *", Tokenization::field), Terms{"A *"});
}

TEST_F(TokenizerTest, KoreanWordsAreFoundWithAndWithoutTheirParticles) {
    const Terms written = tokenizer.tokenize("한국어를 배운다", Tokenization::kagome_kr);
    for (const std::string_view term : {"한국어를", "한국", "국어", "어를", "배운다", "배운"})
        EXPECT_TRUE(has(written, term)) << term;
    const Terms asked = tokenizer.tokenize("한국어", Tokenization::kagome_kr);
    EXPECT_TRUE(has(asked, "한국") && has(asked, "국어"));
    // A word of two syllables is its only pair, and stands there once.
    EXPECT_EQ(tokenizer.tokenize("한국", Tokenization::kagome_kr), (Terms{"한국"}));
    EXPECT_EQ(tokenizer.tokenize("Seoul 2026", Tokenization::kagome_kr), words("Seoul 2026"));
}

TEST_F(TokenizerTest, TheNamesOfOtherDatabasesForChineseAndJapaneseAreWord) {
    for (const Tokenization how :
         {Tokenization::gse, Tokenization::gse_ch, Tokenization::kagome_ja})
        EXPECT_EQ(tokenizer.tokenize("向量数据库 カタカナ x", how), words("向量数据库 カタカナ x"));
}

}  // namespace
}  // namespace moat::index
