#include "api/anthropic/routes.h"

#include <gtest/gtest.h>

#include "api/anthropic/errors.h"
#include "api/anthropic/message_writer.h"

namespace moat::api::anthropic {
namespace {

struct Told {
    std::vector<std::string> names;
    std::vector<json::Object> events;

    MessageWriter::Emit emit() {
        return [this](std::string_view name, const json::Object& data) {
            names.emplace_back(name);
            events.push_back(data);
            return true;
        };
    }
};

TEST(MessageWriterTest, BlocksOpenGrowAndCloseInOrder) {
    Told told;
    MessageWriter writer({"m", 7, {"x"}}, told.emit());
    inference::GenerateEvent thinks;
    thinks.thinking = "hm";
    inference::GenerateEvent says;
    says.content = "yes";
    inference::GenerateEvent calls;
    calls.tool_calls = {{.id = "t", .name = "f", .arguments = *json::read(R"({"x":1})")}};
    for (const auto& event : {thinks, says, says, calls})
        EXPECT_TRUE(writer.add(event));
    const json::Object whole =
        writer.finish({.prompt_tokens = 7, .cached_tokens = 4, .generated_tokens = 3});

    const std::vector<std::string> expected = {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    };
    EXPECT_EQ(told.names, expected);
    EXPECT_EQ(json::int_or(told.events[0].at("message").at("usage"), "input_tokens", 0), 7);
    EXPECT_EQ(
        json::write(told.events[2].at("delta")), R"({"type":"thinking_delta","thinking":"hm"})"
    );
    EXPECT_EQ(json::write(told.events[5].at("delta")), R"({"type":"text_delta","text":"yes"})");
    EXPECT_EQ(
        json::write(told.events[8].at("content_block")),
        R"({"type":"tool_use","id":"t","name":"f","input":{}})"
    );
    EXPECT_EQ(
        json::write(told.events[9].at("delta")),
        R"({"type":"input_json_delta","partial_json":"{\"x\":1}"})"
    );
    EXPECT_EQ(told.events[9].at("index").to_number<int>(), 2);
    EXPECT_EQ(
        json::write(whole.at("content")),
        R"([{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"yesyes"},{"type":"tool_use","id":"t","name":"f","input":{"x":1}}])"
    );
    EXPECT_EQ(json::string_or(whole, "stop_reason"), "tool_use");
    EXPECT_EQ(json::int_or(whole.at("usage"), "input_tokens", 0), 3);
    EXPECT_EQ(json::int_or(whole.at("usage"), "cache_read_input_tokens", 0), 4);
}

TEST(MessageWriterTest, TheReasonOfTheEndIsToldApart) {
    const auto reason = [](const inference::GenerateResult& result) {
        Told told;
        MessageWriter writer({"m", 0, {"END"}}, told.emit());
        const json::Object whole = writer.finish(result);
        EXPECT_TRUE(whole.at("content").get_array().empty());
        return json::string_or(whole, "stop_reason") + "/" +
               json::string_or(whole, "stop_sequence");
    };
    EXPECT_EQ(reason({}), "end_turn/");
    EXPECT_EQ(reason({.reason = inference::FinishReason::length}), "max_tokens/");
    EXPECT_EQ(reason({.stop_string = "END"}), "stop_sequence/END");
    EXPECT_EQ(reason({.stop_string = "<|im_end|>"}), "end_turn/");
}

TEST(AnthropicErrorsTest, HaveTheTypeOfTheirStatusAndTheRequestsId) {
    const auto type = [](ErrorCode code) {
        const http::Response response = error_response({code, "why"}, "r1");
        const json::Value body = *json::read(response.body);
        EXPECT_EQ(json::string_or(body, "type"), "error");
        EXPECT_EQ(json::string_or(body, "request_id"), "r1");
        EXPECT_EQ(json::string_or(body.at("error"), "message"), "why");
        return std::to_string(response.status) + json::string_or(body.at("error"), "type");
    };
    EXPECT_EQ(type(ErrorCode::invalid_argument), "400invalid_request_error");
    EXPECT_EQ(type(ErrorCode::unauthenticated), "401authentication_error");
    EXPECT_EQ(type(ErrorCode::forbidden), "403permission_error");
    EXPECT_EQ(type(ErrorCode::not_found), "404not_found_error");
    EXPECT_EQ(type(ErrorCode::busy), "503overloaded_error");
    EXPECT_EQ(type(ErrorCode::internal), "500api_error");
}

}  // namespace
}  // namespace moat::api::anthropic
