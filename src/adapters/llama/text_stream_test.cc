#include "adapters/llama/text_stream.h"

#include <gtest/gtest.h>

namespace moat::adapters::llama {
namespace {

TEST(TextStreamTest, PassesTextOnAtOnce) {
    TextStream stream({"STOP"});
    EXPECT_EQ(stream.push("Hello"), "Hello");
    EXPECT_EQ(stream.push(" world"), " world");
    EXPECT_EQ(stream.flush(), "");
    EXPECT_FALSE(stream.stopped());
}

TEST(TextStreamTest, AStopStringWithinOneTokenEndsTheText) {
    TextStream stream({"\n\n"});
    EXPECT_EQ(stream.push("one\n\ntwo"), "one");
    EXPECT_TRUE(stream.stopped());
    EXPECT_EQ(stream.stop_string(), "\n\n");
    EXPECT_EQ(stream.push("more"), "");
    EXPECT_EQ(stream.flush(), "");
}

TEST(TextStreamTest, AStopStringAcrossTokensIsNeverShown) {
    TextStream stream({"<|end|>"});
    EXPECT_EQ(stream.push("a<"), "a");
    EXPECT_EQ(stream.push("|en"), "");
    EXPECT_EQ(stream.push("d|"), "");
    EXPECT_EQ(stream.push(">b"), "");
    EXPECT_TRUE(stream.stopped());
}

TEST(TextStreamTest, AFalseBeginningIsShownWhenItBreaks) {
    TextStream stream({"<|end|>"});
    EXPECT_EQ(stream.push("a<|e"), "a");
    EXPECT_EQ(stream.push("gg"), "<|egg");
    EXPECT_EQ(stream.push("<|en"), "");
    EXPECT_EQ(stream.flush(), "<|en");
}

TEST(TextStreamTest, ABeginningWithinABeginningIsKept) {
    TextStream stream({"aab"});
    EXPECT_EQ(stream.push("aa"), "");
    EXPECT_EQ(stream.push("a"), "a");  // "aa" may still become "aab"
    EXPECT_EQ(stream.push("b"), "");
    EXPECT_TRUE(stream.stopped());
}

TEST(TextStreamTest, TheEarliestStopStringWins) {
    TextStream stream({"late", "early"});
    EXPECT_EQ(stream.push("x early late"), "x ");
    EXPECT_EQ(stream.stop_string(), "early");
}

TEST(TextStreamTest, ACharacterInThreeTokensComesWhole) {
    TextStream stream({});
    EXPECT_EQ(stream.push("\xe4"), "");
    EXPECT_EQ(stream.push("\xbd"), "");
    EXPECT_EQ(stream.push("\xa0好"), "你好");
    EXPECT_EQ(stream.push("\xf0\x9f\x98"), "");
    EXPECT_EQ(stream.push("\x80!"), "😀!");
}

TEST(TextStreamTest, BytesThatNeverBecomeACharacterAreReplaced) {
    TextStream stream({});
    EXPECT_EQ(stream.push("\xe4"), "");
    EXPECT_EQ(
        stream.push("a"),
        "\xef\xbf\xbd"
        "a"
    );
    EXPECT_EQ(stream.push("\xff"), "\xef\xbf\xbd");
    EXPECT_EQ(stream.push("\xe4"), "");
    EXPECT_EQ(stream.flush(), "\xef\xbf\xbd");
}

TEST(TextStreamTest, AChineseStopStringSplitWithinACharacterIsFound) {
    TextStream stream({"结束"});  // e7 bb 93 e6 9d 9f
    EXPECT_EQ(stream.push("好\xe7\xbb"), "好");
    EXPECT_EQ(stream.push("\x93\xe6"), "");
    EXPECT_EQ(stream.push("\x9d\x9f之后"), "");
    EXPECT_TRUE(stream.stopped());
}

TEST(TextStreamTest, EmptyStopStringsAreIgnored) {
    TextStream stream({"", ""});
    EXPECT_EQ(stream.push("text"), "text");
    EXPECT_FALSE(stream.stopped());
}

}  // namespace
}  // namespace moat::adapters::llama
