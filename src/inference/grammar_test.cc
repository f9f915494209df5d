// What texts grammars take; expected values by the notation's own documentation.
#include <chrono>

#include <gtest/gtest.h>

#include "inference/grammar_guide.h"

namespace moat::inference {
namespace {

enum class Fit { no, begins, whole };

Fit fit(std::string_view gbnf, std::string_view text) {
    auto grammar = Grammar::parse(gbnf);
    EXPECT_TRUE(grammar) << grammar.error().message;
    if (!grammar) return Fit::no;
    GrammarMatcher matcher(std::make_shared<const Grammar>(std::move(*grammar)));
    auto state = matcher.begin();
    for (const char c : text)
        if (!matcher.step(state, std::string_view(&c, 1))) return Fit::no;
    return state.may_end ? Fit::whole : Fit::begins;
}

void expect_whole(std::string_view gbnf, const std::vector<std::string>& texts) {
    for (const auto& text : texts)
        EXPECT_EQ(fit(gbnf, text), Fit::whole) << gbnf << " and " << text;
}
void expect_not(std::string_view gbnf, const std::vector<std::string>& texts) {
    for (const auto& text : texts)
        EXPECT_EQ(fit(gbnf, text), Fit::no) << gbnf << " and " << text;
}

TEST(Grammar, LiteralsAlternativesGroupsAndComments) {
    const char* gbnf = "# a choice\nroot ::= (\"yes\" | # first\n \"no\") end\nend ::= \"!\" |\n\n";
    expect_whole(gbnf, {"yes", "no!", "no"});
    expect_not(gbnf, {"maybe", "yes!!", "yesno"});
    EXPECT_EQ(fit(gbnf, "ye"), Fit::begins);
}

TEST(Grammar, ClassesAndEscapes) {
    expect_whole(R"(root ::= [a-c\]\-x]+)", {"abc", "]-x", "c"});
    expect_not(R"(root ::= [a-c\]\-x]+)", {"d", "\\"});
    expect_whole(R"(root ::= "\x41\u00e9\U0001F600\n\t\"\\")", {"A\u00e9\U0001F600\n\t\"\\"});
    expect_whole("root ::= [^\"\\n]*", {"", "abc", "\u00e9\u4e2d\U0001F600"});
    expect_not("root ::= [^\"\\n]*", {"a\"", "\n"});
    expect_whole("root ::= [\u4e00-\u9fff]{2}", {"\u4e2d\u6587"});
    expect_not("root ::= [\u4e00-\u9fff]{2}", {"\u4e2dx", "\u3042"});
    expect_whole("root ::= .", {"x", "\u00e9", "\uffff", "\U0010FFFF"});
}

TEST(Grammar, EveryCharacterOfARangeAndNoOther) {
    const char* gbnf = "root ::= [\\u00a0-\\u1234]";
    for (std::uint32_t c :
         {0x9FU, 0xA0U, 0xFFU, 0x7FFU, 0x800U, 0xFFFU, 0x1000U, 0x1234U, 0x1235U}) {
        std::string text;
        if (c < 0x800) {
            text = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
        } else {
            text = {
                static_cast<char>(0xE0 | c >> 12),
                static_cast<char>(0x80 | (c >> 6 & 63)),
                static_cast<char>(0x80 | (c & 63))
            };
        }
        EXPECT_EQ(fit(gbnf, text) == Fit::whole, c >= 0xA0 && c <= 0x1234) << c;
    }
    // Half a character is a beginning; what is no UTF-8 is none.
    EXPECT_EQ(fit("root ::= .", "\xE4\xB8"), Fit::begins);
    EXPECT_EQ(fit("root ::= .", "\x80"), Fit::no);
    EXPECT_EQ(fit("root ::= .", "\xED\xA0"), Fit::no);  // a surrogate
}

TEST(Grammar, Repetitions) {
    for (int count = 0; count < 8; ++count) {
        const std::string text(static_cast<std::size_t>(count), 'a');
        EXPECT_EQ(fit("root ::= \"a\"*", text) == Fit::whole, true);
        EXPECT_EQ(fit("root ::= \"a\"+", text) == Fit::whole, count >= 1);
        EXPECT_EQ(fit("root ::= \"a\"?", text) == Fit::whole, count <= 1);
        EXPECT_EQ(fit("root ::= \"a\"{3}", text) == Fit::whole, count == 3);
        EXPECT_EQ(fit("root ::= \"a\"{2,}", text) == Fit::whole, count >= 2);
        EXPECT_EQ(fit("root ::= \"a\"{2,5}", text) == Fit::whole, count >= 2 && count <= 5);
        EXPECT_EQ(fit("root ::= \"a\"{0}", text) == Fit::whole, count == 0);
        EXPECT_EQ(fit("root ::= \"a\"{2}{2}", text) == Fit::whole, count == 4);
    }
    expect_whole("root ::= \"ab\"{2}", {"abab"});
    // Of what may be empty.
    expect_whole("root ::= (\"a\"*)* \"b\"", {"b", "ab", "aaab"});
    expect_whole("root ::= (\"a\"? \"b\"?)+", {"", "ab", "bba"});
}

TEST(Grammar, Recursion) {
    const char* gbnf = "root ::= \"(\" root \")\" root | \"\"";
    expect_whole(gbnf, {"", "()", "(()())()"});
    expect_not(gbnf, {")", "())"});
    EXPECT_EQ(fit(gbnf, "(()"), Fit::begins);
    const std::string deep = std::string(5000, '(') + std::string(5000, ')');
    EXPECT_EQ(fit(gbnf, deep), Fit::whole);
}

TEST(Grammar, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> wrong[] = {
        {"", "it has no rule \"root\" in line 1"},
        {"root ::= a", "the rule \"a\" is not defined in line 1"},
        {"root ::= \"a\n", "a quote or a bracket is not closed in line 2"},
        {"root ::= \"a\"\nb = 1", "::= is expected in line 2"},
        {"root ::= (\"a\"", "')' is expected in line 1"},
        {"root ::= *", "there is nothing before '*' to repeat in line 1"},
        {"root ::= \"a\"{2001}", "a repetition is too long in line 1"},
        {"root ::= \"a\"{3,1}", "a repetition ends before it begins in line 1"},
        {"root ::= root \"a\" | \"a\"", "the rule \"root\" begins with itself in line 1"},
        {"root ::= x\nx ::= y? z\ny ::= \"y\"\nz ::= x \"z\" | \"\"",
         "the rule \"x\" begins with itself in line 4"},
        {"root ::= \"\\q\"", "there is an unknown escape in line 1"},
        {"root ::= <think>", "tokens are not supported (write their text) in line 1"},
    };
    for (const auto& [gbnf, message] : wrong) {
        const auto grammar = Grammar::parse(gbnf);
        ASSERT_FALSE(grammar) << gbnf;
        EXPECT_EQ(grammar.error().message, std::string("failed to parse grammar: ") + message);
    }
}

TEST(Grammar, WhatWouldGrowWithoutBoundIsRefused) {
    std::string nested = "root ::= ";
    for (int i = 0; i < 300; ++i)
        nested += '(';
    EXPECT_FALSE(Grammar::parse(nested));
    EXPECT_FALSE(Grammar::parse(
        "root ::= (((\"a\"{2000} \"b\"){2000}) \"c\"){2000} \"d\"{999}\n"
        "x ::= ((\"ab\"{1999} [a-z]){1999}){1999} " +
        std::string(5 << 20, ' ')
    ));
    std::string chain = "root ::= r0\n";
    for (int i = 0; i < 20000; ++i)
        chain += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + "\n";
    chain += "r20000 ::= \"\"\n";
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(Grammar::parse(chain));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Grammar, AmbiguityIsFollowedUpToABound) {
    // Two ways at every letter, and every way another text to come: 2^n of them.
    auto grammar = Grammar::parse("root ::= \"a\" root \"x\" | \"a\" root \"y\" | \"a\"");
    ASSERT_TRUE(grammar);
    GrammarMatcher matcher(std::make_shared<const Grammar>(std::move(*grammar)));
    auto state = matcher.begin();
    const auto begin = std::chrono::steady_clock::now();
    int letters = 0;
    while (letters < 64 && matcher.step(state, "a"))
        ++letters;
    EXPECT_GE(letters, 8);
    EXPECT_LT(letters, 64);
    EXPECT_TRUE(matcher.is_exhausted());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    // The same ways, not counted twice, are no ambiguity.
    EXPECT_EQ(fit("root ::= (\"a\" | \"a\" | [a])+", std::string(100, 'a')), Fit::whole);
}

GrammarGuide guide(GrammarGuide::Rules rules) {
    auto made = GrammarGuide::make(rules);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
}

// Whether `text` is allowed, cut into tokens at every place.
void expect_allowed(const GrammarGuide::Rules& rules, std::string_view text, bool complete) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        GrammarGuide one = guide(rules);
        for (const std::string_view piece : {text.substr(0, cut), text.substr(cut)}) {
            if (piece.empty()) continue;
            EXPECT_TRUE(one.allows(piece)) << piece << " of " << text;
            ASSERT_TRUE(one.accept(piece)) << piece << " of " << text;
        }
        EXPECT_EQ(one.may_end(), complete) << text << " cut at " << cut;
    }
}
void expect_refused(const GrammarGuide::Rules& rules, std::string_view text) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        GrammarGuide one = guide(rules);
        bool refused = false;
        for (const std::string_view piece : {text.substr(0, cut), text.substr(cut)}) {
            if (piece.empty() || refused) continue;
            refused = !one.allows(piece);
            EXPECT_EQ(!one.accept(piece), refused);
        }
        EXPECT_TRUE(refused) << text << " cut at " << cut;
    }
}

constexpr std::string_view kDigits = "root ::= \"{\" [0-9]+ \"}\"";

TEST(GrammarGuide, AThoughtIsFreeAndTheAnswerIsNot) {
    const GrammarGuide::Rules rules{
        .grammar = std::string(kDigits),
        .thought = ThoughtMarks{.open = "<think>", .close = "</think>"},
        .triggers = {},
        .prefix = {}
    };
    expect_allowed(rules, "<think>Hm, \"{x}\" < </thin </think>\n\n{12}", true);
    expect_allowed(rules, "\n<think>a</think>{1", false);
    expect_allowed(rules, "{12}", true);  // an answer without a thought
    expect_allowed(rules, " \n{12}", true);
    expect_allowed(rules, "<think>never ends", false);
    expect_refused(rules, "<think>a</think>b");
    expect_refused(rules, "<thin air");
    expect_refused(rules, "Hello");
    expect_refused(rules, "<think>a</think>" + std::string(40, '\n'));
}

TEST(GrammarGuide, AThoughtThePromptBegan) {
    const GrammarGuide::Rules rules{
        .grammar = std::string(kDigits),
        .thought = ThoughtMarks{.open = "<think>", .close = "</think>", .begun = true},
        .triggers = {},
        .prefix = {}
    };
    expect_allowed(rules, "anything {x}</think>{7}", true);
    expect_refused(rules, "anything</think>x");
}

TEST(GrammarGuide, TriggersBeginTheGrammarOutsideOfThoughts) {
    const GrammarGuide::Rules rules{
        .grammar = "root ::= \"<call>\" [a-z]+ \"</call>\"",
        .thought = ThoughtMarks{.open = "<think>", .close = "</think>"},
        .triggers = {"<call>"},
        .prefix = {}
    };
    expect_allowed(rules, "No call at all, 123.", true);
    expect_allowed(rules, "Let me see. <call>add</call>", true);
    expect_allowed(rules, "<think>or <call>123</call>?</think>Yes. <call>add", false);
    expect_refused(rules, "Now <call>123");
    expect_refused(rules, "<think>a</think><call>1");
}

TEST(GrammarGuide, WhatThePromptSaysAlreadyIsThePrefix) {
    const GrammarGuide::Rules rules{
        .grammar = "root ::= \"assistant:\" [0-9]+",
        .thought = {},
        .triggers = {},
        .prefix = "assistant:"
    };
    expect_allowed(rules, "42", true);
    expect_refused(rules, "assistant:42");
    GrammarGuide::Rules wrong = rules;
    wrong.prefix = "user:";
    EXPECT_FALSE(GrammarGuide::make(wrong));
}

TEST(GrammarGuide, ALongTextNeedsNoMoreMemoryThanItsDepth) {
    GrammarGuide one = guide(
        {.grammar = "root ::= item*\nitem ::= \"(\" [a-z]+ (\",\" item)* \")\"",
         .thought = {},
         .triggers = {},
         .prefix = {}}
    );
    for (int i = 0; i < 50000; ++i)
        ASSERT_TRUE(one.accept("(ab,(c,(d)))"));
    EXPECT_TRUE(one.may_end());
}

}  // namespace
}  // namespace moat::inference
