// Published chat formats by their Go templates: prompts, and answers however they arrive.
#include "inference/chat_formats.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "inference/answer_parser.h"
#include "inference/forced_calls.h"
#include "inference/prepared_request.h"
#include "models/prompt_template.h"

namespace moat::inference {
namespace {

using chat_formats::Sections;

class GoFormatTest : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        sections_ = chat_formats::read(MOAT_CHAT_FORMATS, GetParam());
        ASSERT_TRUE(sections_.contains("go"));
        auto parsed = models::PromptTemplate::parse(sections_["go"]);
        ASSERT_TRUE(parsed) << parsed.error().message;
        template_ = *parsed;
    }

    Sections sections_;
    std::optional<models::PromptTemplate> template_;
};

TEST_P(GoFormatTest, PromptsAreThoseOfTheDocumentation) {
    int compared = 0;
    for (const auto& one : chat_formats::conversations()) {
        const bool own = sections_.contains(one.name + " go");
        const std::string name = own ? one.name + " go" : one.name;
        if (!sections_.contains(name)) continue;
        models::PromptInput input{.messages = one.messages};
        if (one.tools) input.tools = chat_formats::weather_tools();
        input.think = one.think;
        const auto prompt = template_->render(input, Time{});
        ASSERT_TRUE(prompt) << prompt.error().message;
        EXPECT_EQ(*prompt, sections_[name]) << name;
        ++compared;
    }
    EXPECT_GE(compared, 2);
}

TEST_P(GoFormatTest, AnswersAreUnderstoodHoweverTheyAreCut) {
    int compared = 0;
    for (const auto& [name, text] : sections_) {
        if (!name.starts_with("answer ")) continue;
        const auto expected = json::read(sections_.at("parsed " + name.substr(7)));
        ASSERT_TRUE(expected);
        PreparedRequest prepared;
        prepared.go_template = template_;
        prepared.tools = chat_formats::weather_tools();
        if (template_->mentions("thinking")) prepared.think = true;
        models::PromptInput input{.messages = {{.role = "user", .content = "Hi!"}}};
        input.think = prepared.think;
        prepared.request.prompt = *template_->render(input, Time{});
        for (const auto& pieces : chat_formats::cuts(text)) {
            AnswerParser parser = prepared.parser();
            chat_formats::Understood got;
            for (const std::string& piece : pieces)
                got.add(parser.push(
                    {.content = piece, .thinking = {}, .tool_calls = {}, .logprobs = {}}
                ));
            got.add(parser.finish());
            ASSERT_EQ(json::write(got.value()), json::write(*expected))
                << name << ", first piece " << pieces.front();
        }
        ++compared;
    }
    EXPECT_GE(compared, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    GoFormatTest,
    testing::ValuesIn(chat_formats::kFamilies),
    [](const auto& info) {
        std::string name = info.param;
        std::erase_if(name, [](char c) { return c == '.' || c == '-'; });
        return name;
    }
);

TEST(ForcedCalls, HaveTheFormOfTheTemplate) {
    const std::tuple<const char*, const char*, const char*> forms[] = {
        {"llama3", "", "parameters"},
        {"qwen3", "<tool_call>\n", "arguments"},
        {"mistral", "[TOOL_CALLS] [", "arguments"},
    };
    for (const auto& [family, before, arguments] : forms) {
        const Sections sections = chat_formats::read(MOAT_CHAT_FORMATS, family);
        const auto parsed = models::PromptTemplate::parse(sections.at("go"));
        const ForcedCalls calls = forced_calls(*parsed, chat_formats::weather_tools(), Time{});
        EXPECT_EQ(calls.before, before) << family;
        const auto schema = json::read(calls.schema);
        ASSERT_TRUE(schema);
        const auto& call = schema->at("anyOf").at(0);
        EXPECT_EQ(json::write(call.at("required")), fmt::format(R"(["name","{}"])", arguments));
        EXPECT_EQ(call.at("properties").at("name").at("const"), "get_weather");
        EXPECT_EQ(json::write(call.at("properties").at(arguments).at("required")), R"(["city"])");
    }
}

TEST(ForcedCalls, ReferencesOfParametersStillLeadToThem) {
    const auto parsed = models::PromptTemplate::parse("{{ .Prompt }}");
    const auto tools = json::read(
        R"({"t":[{"type":"function","function":{"name":"a"}},{"type":"function","function":
        {"name":"b","parameters":{"type":"object","$defs":{"x":{"type":"integer"}},
        "properties":{"p":{"$ref":"#/$defs/x"}}}}}]})"
    );
    const ForcedCalls calls = forced_calls(*parsed, tools->at("t"), Time{});
    EXPECT_NE(
        calls.schema.find(R"("$ref":"#/anyOf/1/properties/arguments/$defs/x")"), std::string::npos
    ) << calls.schema;
}

}  // namespace
}  // namespace moat::inference
