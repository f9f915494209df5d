#include "adapters/jieba/segmenter.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "index/tokenizer.h"

namespace moat::adapters::jieba {
namespace {

std::vector<std::string> cut(std::string_view text) {
    std::vector<std::string> words;
    make_segmenter()->cut(text, words);
    return words;
}

// The examples of cppjieba's own documentation for search mode.
TEST(JiebaSegmenter, GivesLongWordsAndTheWordsInside) {
    const std::vector<std::string> expected{
        "小明",
        "硕士",
        "毕业",
        "于",
        "中国",
        "科学",
        "学院",
        "科学院",
        "中国科学院",
        "计算",
        "计算所",
        "后",
        "在",
        "日本",
        "京都",
        "大学",
        "日本京都大学",
        "深造"
    };
    EXPECT_EQ(cut("小明硕士毕业于中国科学院计算所后在日本京都大学深造"), expected);
}

TEST(JiebaSegmenter, KeepsDomainWordsWhole) {
    const auto words = cut("私有化部署的大语言模型和向量数据库");
    for (const std::string word : {"私有化", "部署", "语言", "模型", "向量", "数据库"}) {
        EXPECT_NE(std::ranges::find(words, word), words.end()) << word;
    }
}

TEST(JiebaSegmenter, MakesTraditionalTextFindSimplifiedWordsThroughTheTokenizer) {
    const index::Tokenizer tokenizer(make_segmenter());
    const auto traditional = tokenizer.tokenize("混合檢索權重與數據庫", index::Tokenization::word);
    const auto simplified = tokenizer.tokenize("混合检索权重与数据库", index::Tokenization::word);
    EXPECT_EQ(traditional, simplified);
    EXPECT_NE(std::ranges::find(simplified, "数据库"), simplified.end());
}

}  // namespace
}  // namespace moat::adapters::jieba
