#include "api/openai/chat_request.h"

#include <gtest/gtest.h>

namespace moat::api::openai {
namespace {

Result<ChatCompletion> read(std::string_view text) {
    return read_chat_completion(*json::read(text));
}

std::string error_of(std::string_view text) {
    const auto result = read(text);
    return result ? "no error" : result.error().message;
}

TEST(ChatRequest, TakesOpenAisDefaultsAndNames) {
    const auto r = read(
        R"({"model":"m","messages":[{"role":"developer","content":"s"},{"role":"user","content":"q"}],
                            "max_completion_tokens":7,"stop":"x","seed":3,"stream":true,"stream_options":{"include_usage":true}})"
    );
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->request.messages[0].role, "system");
    EXPECT_EQ(json::number_or(r->request.options, "temperature", 0), 1.0);
    EXPECT_EQ(json::int_or(r->request.options, "num_predict", 0), 7);
    EXPECT_EQ(json::write(*json::find(r->request.options, "stop")), R"(["x"])");
    EXPECT_TRUE(r->stream);
    EXPECT_TRUE(r->include_usage);
}

TEST(ChatRequest, JoinsTextPartsAndDecodesImages) {
    const auto r = read(
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"},
                            {"type":"image_url","image_url":{"url":"data:image/png;base64,Zm9v"}}]}]})"
    );
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->request.messages[0].content, "a\nb");
    EXPECT_EQ(r->request.messages[0].images, std::vector<std::string>{"foo"});
    EXPECT_EQ(r->request.messages[0].image_places, std::vector<std::size_t>{3});
}

TEST(ChatRequest, ImagesAndSoundsKeepTheirPlaceAmongTheTexts) {
    const auto r = read(
        R"({"model":"m","messages":[{"role":"user","content":[
            {"type":"image_url","image_url":"data:image/jpeg;base64,Zm9v"},
            {"type":"text","text":"a"},
            {"type":"input_audio","input_audio":{"data":"YmFy","format":"wav"}},
            {"type":"text","text":"b"},{"type":"text","text":"c"}]}]})"
    );
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->request.messages[0].content, "ab\nc");
    EXPECT_EQ(r->request.messages[0].images, (std::vector<std::string>{"foo", "bar"}));
    EXPECT_EQ(r->request.messages[0].image_places, (std::vector<std::size_t>{0, 1}));
}

TEST(ChatRequest, AToolChoiceByNameLeavesThatToolAndRequiresIt) {
    const auto r = read(R"({"model":"m","messages":[{"role":"user","content":"q"}],
        "tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}],
        "tool_choice":{"type":"function","function":{"name":"b"}}})");
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(json::write(r->request.tools), R"([{"type":"function","function":{"name":"b"}}])");
    EXPECT_EQ(r->request.tool_choice, "required");
}

TEST(ChatRequest, ReadsToolCallsWithTheirArgumentsAsText) {
    const auto r = read(R"({"model":"m","messages":[{"role":"assistant","content":null,
        "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"z\":1,\"a\":2}"}}]}]})"
    );
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(json::write(r->request.messages[0].tool_calls[0].arguments), R"({"z":1,"a":2})");
}

// The texts that clients of Ollama's /v1 match on.
TEST(ChatRequest, RefusesWithTheWordsClientsKnow) {
    EXPECT_EQ(error_of(R"({"model":"m","messages":[]})"), "[] is too short - 'messages'");
    EXPECT_EQ(
        error_of(
            R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]})"
        ),
        "image URLs are not currently supported, please use base64 encoded data instead"
    );
    EXPECT_EQ(
        error_of(R"({"model":"m","messages":[{"role":"user","content":"q"}],"top_logprobs":21})"),
        "top_logprobs must be between 0 and 20"
    );
    EXPECT_EQ(error_of(R"({"messages":[{"role":"user","content":"q"}]})"), "model is required");
    EXPECT_EQ(
        error_of(R"({"model":"m","messages":[{"role":"user","content":"q"}],"temperature":"hot"})"),
        "'temperature' must be a number"
    );
    EXPECT_NE(
        error_of(
            R"({"model":"m","messages":[{"role":"user","content":"q"}],"reasoning_effort":"huge"})"
        )
            .find("invalid reasoning value"),
        std::string::npos
    );
}

}  // namespace
}  // namespace moat::api::openai
