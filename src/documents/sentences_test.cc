#include <vector>

#include <gtest/gtest.h>

#include "documents/chunker.h"

namespace moat::documents {
namespace {

using Sentences = std::vector<std::string_view>;

TEST(SplitSentences, LatinStopsNeedWhiteSpace) {
    EXPECT_EQ(
        split_sentences("It costs 3.50 dollars. Is that much? No! See moat.example.org now."),
        (Sentences{"It costs 3.50 dollars.", "Is that much?", "No!", "See moat.example.org now."})
    );
}

TEST(SplitSentences, AbbreviationsAndInitialsDoNotEndOne) {
    EXPECT_EQ(
        split_sentences("Dr. J. Smith met Mr. Li, e.g. in the U.S. Senate. Then he left."),
        (Sentences{"Dr. J. Smith met Mr. Li, e.g. in the U.S. Senate.", "Then he left."})
    );
    EXPECT_EQ(
        split_sentences("See Fig. 3 and no. 7. He said no. They left."),
        (Sentences{"See Fig. 3 and no. 7.", "He said no.", "They left."})
    );
}

TEST(SplitSentences, AListNumberStaysWithItsItem) {
    EXPECT_EQ(
        split_sentences("1. Open the valve. Wait."), (Sentences{"1. Open the valve.", "Wait."})
    );
}

TEST(SplitSentences, ChineseStopsTakeTheirClosingQuotes) {
    EXPECT_EQ(
        split_sentences("他说：“今天不去了。”我问：“为什么？！”他没有回答……然后走了；我也走了。"),
        (Sentences{
            "他说：“今天不去了。”", "我问：“为什么？！”", "他没有回答……", "然后走了；", "我也走了。"
        })
    );
}

TEST(SplitSentences, MixedScripts) {
    EXPECT_EQ(
        split_sentences("版本 1.2 已发布。Please update! 谢谢。"),
        (Sentences{"版本 1.2 已发布。", "Please update!", "谢谢。"})
    );
}

TEST(SplitSentences, ALineEndEndsOne) {
    EXPECT_EQ(split_sentences("name: Li\n city: 北京 \n\n"), (Sentences{"name: Li", "city: 北京"}));
}

TEST(SplitSentences, EmptyAndBlankTextHasNone) {
    EXPECT_TRUE(split_sentences("").empty());
    EXPECT_TRUE(split_sentences(" \n　").empty());
}

}  // namespace
}  // namespace moat::documents
