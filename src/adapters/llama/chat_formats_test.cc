// Published chat formats by their Jinja templates, through llama.cpp: prompts, answers however they
// arrive, and the grammars that bind them.
#include "inference/chat_formats.h"

#include <gtest/gtest.h>

#include "adapters/llama/answer_rules.h"
#include "adapters/llama/chat_template.h"

namespace moat::adapters::llama {
namespace {

using namespace inference;  // NOLINT(google-build-using-namespace): tests of its structs
using chat_formats::Sections;

class JinjaFormatTest : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        sections_ = chat_formats::read(MOAT_SOURCE_DIR "/tests/models/chat_formats", GetParam());
        ASSERT_TRUE(sections_.contains("jinja"));
        auto made = ChatTemplate::of(sections_["jinja"]);
        ASSERT_TRUE(made) << made.error().message;
        template_.emplace(std::move(*made));
    }
    bool thinks() const { return sections_.contains("think"); }
    bool has_calls() const { return sections_.contains("answer call"); }
    static ChatPrompt question(bool tools) {
        ChatPrompt prompt;
        prompt.messages = {{.role = "user", .content = "Weather in Rome?"}};
        if (tools) prompt.tools = chat_formats::weather_tools();
        return prompt;
    }
    // Whether the grammar of these parameters allows `text`, and it may end there.
    static bool allows(
        const common_chat_params& parameters, const std::string& text, ChatPrompt prompt = {}
    ) {
        GenerateRequest request;
        request.prompt = std::move(prompt);
        auto guide = guide_for(request, &parameters);
        EXPECT_TRUE(guide) << guide.error().message;
        if (!guide || !*guide) return true;
        return (**guide).accept(text) && (**guide).may_end();
    }

    Sections sections_;
    std::optional<ChatTemplate> template_;
};

TEST_P(JinjaFormatTest, PromptsAreThoseOfTheDocumentation) {
    int compared = 0;
    for (const auto& one : chat_formats::conversations()) {
        const bool own = sections_.contains(one.name + " jinja");
        const std::string name = own ? one.name + " jinja" : one.name;
        if (!sections_.contains(name)) continue;
        ChatPrompt prompt;
        prompt.messages = one.messages;
        if (one.tools) prompt.tools = chat_formats::weather_tools();
        prompt.think = one.think;
        const auto made = template_->apply(prompt, "");
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(made->prompt, sections_[name]) << name;
        ++compared;
    }
    EXPECT_GE(compared, 2);
}

TEST_P(JinjaFormatTest, AnswersAreUnderstoodHoweverTheyAreCut) {
    for (const auto& [name, text] : sections_) {
        if (!name.starts_with("answer ")) continue;
        const auto expected = json::read(sections_.at("parsed " + name.substr(7)));
        ASSERT_TRUE(expected);
        const bool tools = has_calls();
        const auto parameters = template_->apply(question(tools), "");
        ASSERT_TRUE(parameters) << parameters.error().message;
        for (const auto& pieces : chat_formats::cuts(text)) {
            ChatParser parser(*parameters, tools);
            chat_formats::Understood got;
            // What reaches the parser is whole characters (text_stream.h).
            std::string held;
            for (const std::string& piece : pieces) {
                held += piece;
                if (!is_utf8(held)) continue;
                got.add(parser.push(std::exchange(held, {})));
            }
            got.add(parser.finish());
            ASSERT_EQ(json::write(got.value()), json::write(*expected))
                << name << ", first piece " << pieces.front();
        }
    }
}

TEST_P(JinjaFormatTest, ToolsAreCalledWhenTheyMustBe) {
    if (!has_calls()) GTEST_SKIP() << "the family has no tools";
    ChatPrompt prompt = question(true);
    prompt.tool_choice = "required";
    auto parameters = template_->apply(prompt, "");
    ASSERT_TRUE(parameters) << parameters.error().message;
    const std::string& call = sections_["answer call"];
    EXPECT_TRUE(allows(*parameters, call, prompt));
    EXPECT_FALSE(allows(*parameters, sections_["answer text"], prompt));
    EXPECT_FALSE(allows(*parameters, "", prompt));
    EXPECT_FALSE(allows(*parameters, "Let me see. " + call, prompt));
    EXPECT_FALSE(allows(*parameters, call + "\nThat was it.", prompt));
    EXPECT_EQ(allows(*parameters, "<think>\nHm.\n</think>\n\n" + call, prompt), thinks());

    parameters = template_->apply(prompt, R"({"type":"object"})");
    ASSERT_TRUE(parameters);
    EXPECT_TRUE(allows(*parameters, call, prompt)) << "a schema is for answers that are no calls";

    prompt.tool_choice = "auto";
    parameters = template_->apply(prompt, "");
    ASSERT_TRUE(parameters);
    EXPECT_TRUE(allows(*parameters, sections_["answer call"]));
    EXPECT_TRUE(allows(*parameters, sections_["answer text"]));

    prompt.tool_choice = "none";
    parameters = template_->apply(prompt, "");
    ASSERT_TRUE(parameters);
    EXPECT_TRUE(allows(*parameters, sections_["answer text"]));
}

TEST_P(JinjaFormatTest, ASchemaBindsTheAnswerAfterTheThought) {
    ChatPrompt prompt = question(false);
    const auto parameters = template_->apply(
        prompt, R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]})"
    );
    ASSERT_TRUE(parameters) << parameters.error().message;
    const bool begun = parameters->prompt.ends_with("<think>\n");
    const std::string thought = !thinks() ? ""
                                : begun   ? "Hm.\n</think>\n\n"
                                          : "<think>\nHm.\n</think>\n\n";
    EXPECT_TRUE(allows(*parameters, thought + R"({"a": 1})"));
    EXPECT_FALSE(allows(*parameters, thought + R"({"a": "x"})"));
    EXPECT_FALSE(allows(*parameters, thought + "No."));
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    JinjaFormatTest,
    testing::ValuesIn(chat_formats::kFamilies),
    [](const auto& info) {
        std::string name = info.param;
        std::erase_if(name, [](char c) { return c == '.' || c == '-'; });
        return name;
    }
);

}  // namespace
}  // namespace moat::adapters::llama
