#include "api/request/json_fields.h"

#include <gtest/gtest.h>

#include "api/request/extra_options.h"
#include "api/request/tools.h"

namespace moat::api {
namespace {

json::Value value(std::string_view text) {
    return *json::read(text);
}

TEST(JsonFieldsTest, AbsentAndNullAreUnsetAndAnotherTypeIsNamed) {
    const json::Value body = value(R"({"a":null,"text":7,"number":"7","whole":1.5,"flag":1})");
    EXPECT_FALSE(*text_field(body, "a"));
    EXPECT_FALSE(*integer_field(body, "missing"));
    EXPECT_TRUE(*flag_field(body, "a", true));
    EXPECT_EQ(text_field(body, "text").error().message, "'text' must be a string");
    EXPECT_EQ(number_field(body, "number").error().message, "'number' must be a number");
    EXPECT_EQ(integer_field(body, "whole").error().message, "'whole' must be a whole number");
    EXPECT_EQ(flag_field(body, "flag", true).error().message, "'flag' must be true or false");
    EXPECT_EQ(required_text(body, "a").error().message, "a is required");
}

TEST(JsonFieldsTest, ReadBodyTakesOnlyAnObject) {
    const auto code = [](std::string body, std::string coding) {
        http::Request request{.body = std::move(body)};
        if (!coding.empty()) request.headers = {{"content-encoding", std::move(coding)}};
        const auto read = read_body(request, 100);
        return read ? "fine" : read.error().message;
    };
    EXPECT_EQ(code("{}", ""), "fine");
    EXPECT_EQ(code("", ""), "missing request body");
    EXPECT_EQ(code("[1]", ""), "the request body must be a JSON object");
    EXPECT_EQ(code("{}", "identity"), "fine");
    EXPECT_TRUE(code("{}", "br").starts_with("this Content-Encoding is not understood"));
}

TEST(ExtraOptionsTest, FieldsBeyondTheStandardBecomeOptionsAndOptionsWin) {
    json::Object options{{"temperature", 1}};
    const json::Value body = value(
        R"({"min_p":0.1,"repetition_penalty":1.2,"top_k":5,"grammar":"root ::= \"a\"","unknown":1,
            "options":{"top_k":7,"num_ctx":512}})"
    );
    ASSERT_TRUE(add_extra_options(body, options));
    EXPECT_EQ(
        json::write(options),
        R"({"temperature":1,"top_k":7,"min_p":0.1,"repeat_penalty":1.2,"grammar":"root ::= \"a\"","num_ctx":512})"
    );
    EXPECT_FALSE(add_extra_options(value(R"({"options":[]})"), options));
}

TEST(ToolsTest, OnlyTheToolsNamedAreKept) {
    json::Value tools = json::Array{
        function_tool("a", "first", nullptr), function_tool("b", "", value(R"({"type":"object"})"))
    };
    EXPECT_EQ(
        json::write(tools),
        R"([{"type":"function","function":{"name":"a","description":"first","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"b","parameters":{"type":"object"}}}])"
    );
    EXPECT_FALSE(keep_only_tools(tools, {"c"}, "tool_choice"));
    ASSERT_TRUE(keep_only_tools(tools, {"b"}, "tool_choice"));
    ASSERT_EQ(tools.get_array().size(), 1U);
    EXPECT_EQ(tool_name_of(tools.get_array().front()), "b");
    json::Value none;
    EXPECT_EQ(
        keep_only_tools(none, {"b"}, "tool_choice").error().message,
        "'tool_choice' names a function that is not in 'tools'"
    );
}

}  // namespace
}  // namespace moat::api
