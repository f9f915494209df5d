#include "api/anthropic/messages_request.h"

#include <gtest/gtest.h>

namespace moat::api::anthropic {
namespace {

Result<MessagesRequest> read(std::string_view text) {
    return read_messages(*json::read(text), true);
}

std::string error_of(std::string_view text) {
    const auto result = read(text);
    return result ? "no error" : result.error().message;
}

TEST(MessagesRequestTest, BlocksBecomeMessagesAndToolResultsStandBeforeTheText) {
    const auto r =
        read(R"({"model":"m","max_tokens":5,"system":[{"type":"text","text":"s"}],"messages":[
        {"role":"user","content":"q"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""},
            {"type":"text","text":"look"},{"type":"tool_use","id":"t1","name":"f","input":{"x":1}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1",
            "content":[{"type":"text","text":"one"}]},{"type":"text","text":"so?"},
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"Zm9v"}}]}]})"
        );
    ASSERT_TRUE(r) << r.error().message;
    const auto& messages = r->request.messages;
    ASSERT_EQ(messages.size(), 5U);
    EXPECT_EQ(messages[0].role, "system");
    EXPECT_EQ(messages[2].thinking, "hm");
    EXPECT_EQ(messages[2].content, "look");
    EXPECT_EQ(json::write(messages[2].tool_calls[0].arguments), R"({"x":1})");
    EXPECT_EQ(messages[3].role, "tool");
    EXPECT_EQ(messages[3].tool_name, "f");
    EXPECT_EQ(messages[3].content, "one");
    EXPECT_EQ(messages[4].content, "so?");
    EXPECT_EQ(messages[4].images, std::vector<std::string>{"foo"});
}

TEST(MessagesRequestTest, ToolsChoiceThinkingAndStops) {
    const auto r = read(R"({"model":"m","max_tokens":5,"stream":true,"top_k":3,"temperature":0.5,
        "stop_sequences":["x"],"thinking":{"type":"disabled"},"output_config":{"effort":"high"},
        "tools":[{"name":"a","input_schema":{"type":"object"}},{"name":"b","input_schema":{"type":"object"}},
                 {"type":"web_search_20250305","name":"web_search"}],
        "tool_choice":{"type":"tool","name":"b","disable_parallel_tool_use":true},
        "messages":[{"role":"user","content":"q"}]})");
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(json::int_or(r->request.options, "num_predict", 0), 5);
    EXPECT_EQ(json::int_or(r->request.options, "top_k", 0), 3);
    EXPECT_EQ(json::write(*json::find(r->request.options, "stop")), R"(["x"])");
    EXPECT_EQ(r->request.think, false);
    EXPECT_EQ(r->request.tools.get_array().size(), 1U);
    EXPECT_EQ(r->request.tool_choice, "required");
    EXPECT_FALSE(r->request.parallel_tool_calls);
    EXPECT_TRUE(r->stream);

    const auto effort = read(
        R"({"model":"m","max_tokens":5,"output_config":{"effort":"high"},"messages":[{"role":"user","content":"q"}]})"
    );
    EXPECT_EQ(effort->request.think, true);
    EXPECT_EQ(effort->request.think_level, "high");
}

TEST(MessagesRequestTest, SaysWhatIsMissingInTheWordsClientsKnow) {
    EXPECT_EQ(
        error_of(R"({"model":"m","messages":[{"role":"user","content":"q"}]})"),
        "max_tokens is required and must be positive"
    );
    EXPECT_EQ(error_of(R"({"model":"m","max_tokens":1})"), "messages is required");
    EXPECT_EQ(error_of(R"({"max_tokens":1})"), "model is required");
    EXPECT_EQ(
        error_of(
            R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x"}}]}]})"
        ),
        "invalid image source type: 'url'. Only base64 images are supported."
    );
}

}  // namespace
}  // namespace moat::api::anthropic
