#include "inference/answer_parser.h"

#include <gtest/gtest.h>

namespace moat::inference {
namespace {

// Feeds `text` cut into pieces of `size` bytes and joins what comes out.
struct Parsed {
    std::string thinking;
    std::string content;
    std::vector<std::string> calls;
    bool operator==(const Parsed&) const = default;
};

void PrintTo(const Parsed& parsed, std::ostream* out) {
    *out << "thinking \"" << parsed.thinking << "\" content \"" << parsed.content << "\"";
    for (const auto& call : parsed.calls)
        *out << " call " << call;
}

Parsed parse(AnswerParser parser, std::string_view text, std::size_t size) {
    Parsed out;
    const auto add = [&out](const GenerateEvent& event) {
        out.thinking += event.thinking;
        out.content += event.content;
        for (const auto& call : event.tool_calls)
            out.calls.push_back(call.name + json::write(call.arguments));
    };
    for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
        add(parser.push(
            {.content = std::string(text.substr(0, size)),
             .thinking = {},
             .tool_calls = {},
             .logprobs = {}}
        ));
    add(parser.finish());
    return out;
}

AnswerParser thinker(bool begun = false) {
    return AnswerParser(
        ThinkingSplitter({.open = "<think>", .close = "</think>"}, begun), std::nullopt
    );
}
AnswerParser caller(std::string mark) {
    const json::Value tools = *json::read(
        R"([{"type":"function","function":{"name":"add"}},{"type":"function","function":{"name":"now"}}])"
    );
    return AnswerParser(std::nullopt, ToolCallScanner(std::move(mark), tools));
}

// However the text is cut, the same comes out.
void expect_parsed(
    const std::function<AnswerParser()>& make, std::string_view text, const Parsed& want
) {
    for (const std::size_t size : {1U, 2U, 3U, 5U, 8U, 1000U})
        EXPECT_EQ(parse(make(), text, size), want) << "in pieces of " << size;
}

TEST(AnswerParser, SplitsThinkingFromTheAnswer) {
    const auto make = [] { return thinker(); };
    expect_parsed(make, "<think>\nHm, a < b.\n</think>\n\nYes.", {"Hm, a < b.", "Yes.", {}});
    expect_parsed(make, " \n<think>x</think>y", {"x", "y", {}});
    expect_parsed(
        make, "No thought <think>here</think>", {"", "No thought <think>here</think>", {}}
    );
    expect_parsed(make, "<thin air", {"", "<thin air", {}});
    expect_parsed(make, "<think>never ends </thi", {"never ends </thi", "", {}});
    expect_parsed(make, "<think></think>a", {"", "a", {}});
    expect_parsed(make, "<think>\n\n</think>\n\na b", {"", "a b", {}});
    expect_parsed(make, "", {"", "", {}});
}

TEST(AnswerParser, KnowsThatThePromptBeganTheThought) {
    expect_parsed([] { return thinker(true); }, "Hm.\n</think>\nYes.", {"Hm.", "Yes.", {}});
}

TEST(AnswerParser, FindsMarkedToolCalls) {
    const auto make = [] { return caller("<tool_call>"); };
    expect_parsed(
        make,
        "Let me see. <tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": "
        "\"}\"}}\n</tool_call>",
        {"", "Let me see. ", {R"(add{"a":1,"b":"}"})"}}
    );
    expect_parsed(
        make,
        "<tool_call>{\"name\":\"add\",\"parameters\":{\"a\":1}}</"
        "tool_call>\n<tool_call>{\"name\":\"now\"}</tool_call>",
        {"", "", {R"(add{"a":1})", "now{}"}}
    );
    // A call nobody offered, and a mark that leads nowhere, are text.
    expect_parsed(
        make,
        "<tool_call>{\"name\":\"other\",\"arguments\":{}}</tool_call>",
        {"", "<tool_call>{\"name\":\"other\",\"arguments\":{}}</tool_call>", {}}
    );
    expect_parsed(make, "a <tool b", {"", "a <tool b", {}});
    expect_parsed(make, "x <tool_call>{\"name\":", {"", "x <tool_call>{\"name\":", {}});
}

TEST(AnswerParser, FindsBareJsonCallsOnlyWhenTheAnswerIsOne) {
    const auto make = [] { return caller("{"); };
    expect_parsed(make, " {\"name\":\"add\",\"arguments\":{\"a\":2}}", {"", "", {R"(add{"a":2})"}});
    expect_parsed(
        make,
        "[{\"name\":\"now\",\"arguments\":{}},{\"name\":\"add\",\"arguments\":{}}]",
        {"", "", {"now{}", "add{}"}}
    );
    expect_parsed(make, "See {\"name\":\"add\"}", {"", "See {\"name\":\"add\"}", {}});
    expect_parsed(make, "{\"answer\": 4}", {"", "{\"answer\": 4}", {}});
}

TEST(AnswerParser, CallsHaveIdsOfTheirOwn) {
    const std::string id = new_call_id();
    EXPECT_EQ(id.size(), std::string("call_").size() + 8);
    EXPECT_TRUE(id.starts_with("call_"));
    EXPECT_NE(id, new_call_id());
}

TEST(AnswerParser, LogprobsTravelWithTheTextTheyBelongTo) {
    AnswerParser parser = thinker();
    GenerateEvent held;
    held.content = "<th";
    held.logprobs = {{.token = "<th", .logprob = -1, .top = {}}};
    EXPECT_TRUE(parser.push(held).logprobs.empty());
    GenerateEvent next;
    next.content = "ree";
    next.logprobs = {{.token = "ree", .logprob = -2, .top = {}}};
    EXPECT_EQ(parser.push(next).logprobs.size(), 2U);
}

}  // namespace
}  // namespace moat::inference
