#include "answers/terms.h"

#include <gtest/gtest.h>

#include "answers/follow_up.h"
#include "answers/relevance.h"
#include "answers/scripts.h"

namespace moat::answers {
namespace {

TEST(Terms, OfAQuestionAreThoseThatMeanSomething) {
    EXPECT_EQ(
        question_terms("How many days of annual leave do I get?"),
        (std::vector<std::string>{"day", "annual", "leave"})
    );
    EXPECT_EQ(question_terms("年假有多少天？"), (std::vector<std::string>{"年假", "天"}));
    EXPECT_EQ(question_terms("VPN 如何申请"), (std::vector<std::string>{"vpn", "申请"}));
    EXPECT_TRUE(question_terms("what is it?").empty());
    EXPECT_TRUE(question_terms("是什么").empty());
}

TEST(Terms, CoverageIsTheShareOfTheQuestion) {
    const auto question = question_terms("annual leave days");
    EXPECT_EQ(coverage(question, text_terms("Annual leave is 15 days.")), 1.0);
    EXPECT_NEAR(coverage(question, text_terms("The leave policy")), 1.0 / 3, 1e-9);
    EXPECT_EQ(coverage({}, text_terms("text")), 0.0);
    EXPECT_EQ(coverage(question_terms("年假多少天"), text_terms("员工年假为十五天。")), 1.0);
}

TEST(Terms, LanguageFollowsTheQuestion) {
    EXPECT_EQ(language_of("年假多少天 (VPN)"), Language::chinese);
    EXPECT_EQ(language_of("What does 年假 mean in this handbook?"), Language::english);
    EXPECT_EQ(language_of("???"), Language::english);
}

TEST(FollowUp, QuestionsThatPointBackAreSeen) {
    for (const char* question :
         {"And for interns?",
          "What about part-time staff?",
          "How long does it take?",
          "Who approved that?",
          "Why?",
          "How many days do I get?",
          "For how long?",
          "Who works there?",
          "那实习生呢？",
          "它什么时候生效？",
          "为什么？",
          "此外还有什么要求需要员工自己去满足吗？",
          "因此他应该如何申请报销费用？",
          "上述规定适用于谁，有没有例外情况？"})
        EXPECT_TRUE(leans_on_history(question)) << question;
    for (const char* question :
         {"How many days of annual leave does a new employee get?",
          "How long must a password be?",
          "Is there a dress code?",
          "Are there parking places for visitors?",
          "新员工入职第一年可以休多少天年假？",
          "员工应该如何申请报销？",
          "试用期员工与其他员工的年假是否相同？",
          "密码要多长？"})
        EXPECT_FALSE(leans_on_history(question)) << question;
}

TEST(FollowUp, MergingBringsBackWhatWasAskedAbout) {
    const std::vector<Turn> history{
        {.role = "user", .text = "How do I book a meeting room?", .at = {}, .sources = {}},
        {.role = "assistant", .text = "By mail.", .at = {}, .sources = {}},
        {.role = "user",
         .text = "How many days of annual leave do employees get?",
         .at = {},
         .sources = {}},
        {.role = "assistant", .text = "15 days.", .at = {}, .sources = {}},
    };
    const std::string merged = merge_with_history("And for interns?", history);
    EXPECT_TRUE(merged.starts_with("And for interns?"));
    EXPECT_NE(merged.find("annual leave"), std::string::npos);
    EXPECT_EQ(merged.find("meeting room"), std::string::npos);
}

TEST(FollowUp, ARewritingMustLookLikeAQuestion) {
    EXPECT_EQ(accept_rewriting("  \"How long is it?\"\n"), "How long is it?");
    EXPECT_EQ(accept_rewriting("Sure!\nHere it is"), "");
    EXPECT_EQ(accept_rewriting(std::string(1000, 'x')), "");
    EXPECT_EQ(accept_rewriting("  "), "");
}

knowledge::Passage passage(std::string text, std::optional<float> similarity = {}) {
    knowledge::Passage made;
    made.text = std::move(text);
    made.similarity = similarity;
    return made;
}

TEST(Relevance, NeedsWordsInCommonOrACloseMeaning) {
    const std::string leave = "Every employee has 15 days of annual leave a year.";
    EXPECT_TRUE(is_relevant("How many days of annual leave do I get?", {passage(leave)}));
    EXPECT_FALSE(is_relevant("What is the capital of France?", {passage(leave)}));
    EXPECT_TRUE(is_relevant("How much vacation do I get?", {passage(leave, 0.62F)}));
    EXPECT_FALSE(is_relevant("Who won the 1998 world cup?", {passage(leave, 0.05F)}));
    EXPECT_FALSE(is_relevant("How many days of annual leave?", {}));
    EXPECT_TRUE(is_relevant("年假有多少天？", {passage("员工每年享有十五天年假。")}));
    EXPECT_FALSE(is_relevant("法国的首都是哪里？", {passage("员工每年享有十五天年假。")}));
}

}  // namespace
}  // namespace moat::answers
