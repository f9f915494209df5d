#include <gtest/gtest.h>

#include "api/openai/response_writer.h"
#include "api/openai/responses_input.h"
#include "api/openai/responses_request.h"

namespace moat::api::openai {
namespace {

Result<ResponsesRequest> read(std::string_view text) {
    return read_responses(*json::read(text));
}

std::string error_of(std::string_view text) {
    const auto result = read(text);
    return result ? "no error" : result.error().message;
}

TEST(ResponsesRequestTest, ItemsOfOneTurnBecomeOneMessage) {
    const auto messages = read_input(*json::read(R"([
        {"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
        {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look"}]},
        {"type":"function_call","call_id":"c1","name":"look","arguments":"{\"x\":1}"},
        {"type":"function_call","call_id":"c2","name":"see","arguments":"{}"},
        {"type":"function_call_output","call_id":"c2","output":"nothing"},
        {"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"one"}]},
        {"role":"assistant","content":"done"},
        {"role":"assistant","content":"really"}])"));
    ASSERT_TRUE(messages) << messages.error().message;
    ASSERT_EQ(messages->size(), 6U);
    EXPECT_EQ((*messages)[0].content, "a\nb");
    const auto& turn = (*messages)[1];
    EXPECT_EQ(turn.role, "assistant");
    EXPECT_EQ(turn.thinking, "hm");
    EXPECT_EQ(turn.content, "I look");
    ASSERT_EQ(turn.tool_calls.size(), 2U);
    EXPECT_EQ(json::write(turn.tool_calls[0].arguments), R"({"x":1})");
    EXPECT_EQ((*messages)[2].tool_name, "see");
    EXPECT_EQ((*messages)[3].tool_name, "look");
    EXPECT_EQ((*messages)[3].content, "one");
    EXPECT_EQ((*messages)[5].content, "really");
}

TEST(ResponsesRequestTest, NamesToolsFormatsAndEffort) {
    const auto r = read(R"({"model":"m","input":"q","instructions":"be short","max_output_tokens":9,
        "reasoning":{"effort":"low"},"top_k":3,"parallel_tool_calls":false,
        "tools":[{"type":"web_search"},{"type":"function","name":"f","parameters":{"type":"object"}},
                 {"type":"namespace","name":"n","tools":[{"type":"function","name":"g"}]}],
        "tool_choice":{"type":"function","name":"g"},
        "text":{"format":{"type":"json_schema","name":"s","schema":{"type":"array"}}}})");
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->request.messages[0].role, "system");
    EXPECT_EQ(r->request.messages[1].content, "q");
    EXPECT_EQ(json::int_or(r->request.options, "num_predict", 0), 9);
    EXPECT_EQ(json::int_or(r->request.options, "top_k", 0), 3);
    EXPECT_EQ(r->request.think_level, "low");
    EXPECT_EQ(r->request.tool_choice, "required");
    EXPECT_FALSE(r->request.parallel_tool_calls);
    EXPECT_EQ(r->request.tools.get_array().size(), 1U);
    EXPECT_EQ(json::write(r->request.format), R"({"type":"array"})");
    EXPECT_EQ(r->echo.at("instructions").get_string(), "be short");
}

TEST(ResponsesRequestTest, SaysWhatIsNotKeptOrNotThere) {
    EXPECT_EQ(error_of(R"({"input":"q"})"), "model is required");
    EXPECT_EQ(error_of(R"({"model":"m"})"), "input is required");
    EXPECT_TRUE(error_of(R"({"model":"m","input":"q","previous_response_id":"r"})")
                    .starts_with("'previous_response_id' is not supported"));
    EXPECT_TRUE(error_of(R"({"model":"m","input":[{"type":"item_reference","id":"x"}]})")
                    .starts_with("responses are not stored here"));
    EXPECT_EQ(
        error_of(
            R"({"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x/y.png"}]}]})"
        ),
        "image URLs are not currently supported, please use base64 encoded data instead"
    );
}

TEST(ResponseWriterTest, EventsAreNumberedAndFollowTheItems) {
    std::vector<std::string> names;
    std::vector<json::Object> events;
    ResponseWriter writer({{"model", "m"}}, [&](std::string_view name, const json::Object& data) {
        names.emplace_back(name);
        events.push_back(data);
        return true;
    });
    inference::GenerateEvent thinks;
    thinks.thinking = "hm";
    inference::GenerateEvent says;
    says.content = "yes";
    inference::GenerateEvent calls;
    calls.tool_calls = {{.id = "c", .name = "f", .arguments = *json::read(R"({"x":1})")}};
    for (const auto& event : {thinks, says, says, calls})
        EXPECT_TRUE(writer.add(event));
    const json::Object whole =
        writer.finish({.prompt_tokens = 5, .cached_tokens = 3, .generated_tokens = 4}, 1);

    const std::vector<std::string> expected = {
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    };
    EXPECT_EQ(names, expected);
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(json::int_or(events[i], "sequence_number", -1), static_cast<std::int64_t>(i));
        EXPECT_EQ(json::string_or(events[i], "type"), names[i]);
    }
    EXPECT_EQ(json::string_or(events[12], "text"), "yesyes");
    EXPECT_EQ(events[15].at("output_index").to_number<int>(), 2);
    EXPECT_EQ(json::string_or(events[17], "arguments"), R"({"x":1})");
    EXPECT_EQ(whole.at("output").get_array().size(), 3U);
    EXPECT_EQ(
        json::write(whole.at("usage")),
        R"({"input_tokens":5,"input_tokens_details":{"cached_tokens":3},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":9})"
    );
}

TEST(ResponseWriterTest, ACutAnswerIsIncompleteAndAFailedOneSaysWhy) {
    std::string last;
    json::Object told;
    const auto emit = [&](std::string_view name, const json::Object& data) {
        last = name;
        told = data;
        return true;
    };
    ResponseWriter cut({}, emit);
    const json::Object whole = cut.finish({.reason = inference::FinishReason::length}, 0);
    EXPECT_EQ(last, "response.incomplete");
    EXPECT_EQ(json::write(whole.at("incomplete_details")), R"({"reason":"max_output_tokens"})");

    ResponseWriter failed({}, emit);
    failed.fail({ErrorCode::internal, "the runner died"});
    EXPECT_EQ(last, "response.failed");
    EXPECT_EQ(
        json::write(told.at("response").at("error")),
        R"({"code":"server_error","message":"the runner died"})"
    );
}

}  // namespace
}  // namespace moat::api::openai
