#include "models/prompt_template.h"

#include <cstdlib>
#include <map>
#include <regex>

#include <gtest/gtest.h>

#include "base/file.h"
#include "models/template_evaluator.h"
#include "models/template_parser.h"

namespace moat::models {
namespace {

using Sections = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& text, const std::string& mark) {
    std::vector<std::string> out;
    for (std::size_t at = text.find(mark); at != std::string::npos;) {
        const std::size_t next = text.find(mark, at + mark.size());
        out.push_back(text.substr(
            at + mark.size(), next == std::string::npos ? next : next - at - mark.size()
        ));
        at = next;
    }
    return out;
}

// "=== name", then sections "--- kind"; the newline before the next mark belongs to the mark.
std::map<std::string, Sections> read_cases(const std::string& file) {
    auto text = read_file(std::filesystem::path(MOAT_GO_TEMPLATES) / file);
    std::map<std::string, Sections> out;
    if (!text) return out;
    if (text->ends_with('\n')) text->pop_back();
    for (const std::string& block : split("\n" + *text, "\n=== ")) {
        const std::size_t line = block.find('\n');
        Sections& sections = out[block.substr(0, line)];
        for (const std::string& part : split(block.substr(line), "\n--- ")) {
            const std::size_t end = part.find('\n');
            std::string body = end == std::string::npos ? "" : part.substr(end + 1);
            sections[part.substr(0, end)] = body;
        }
    }
    return out;
}

std::vector<ChatMessage> messages_of(const json::Value& list) {
    std::vector<ChatMessage> out;
    for (const auto& item : list.get_array()) {
        ChatMessage message{
            .role = json::string_or(item, "role"), .content = json::string_or(item, "content")
        };
        message.thinking = json::string_or(item, "thinking");
        message.tool_name = json::string_or(item, "tool_name");
        message.tool_call_id = json::string_or(item, "tool_call_id");
        if (const auto* calls = json::find_array(item, "tool_calls"))
            for (const auto& call : *calls) {
                const auto& function = call.as_object().at("function");
                message.tool_calls.push_back(
                    {.id = json::string_or(call, "id"),
                     .name = json::string_or(function, "name"),
                     .arguments = function.as_object().at("arguments")}
                );
            }
        out.push_back(std::move(message));
    }
    return out;
}

Result<std::string> run(const Sections& sections) {
    if (const auto data = sections.find("data"); data != sections.end()) {
        TRY_ASSIGN(const auto tree, templates::parse_template(sections.at("template")));
        TRY_ASSIGN(const auto value, json::read(data->second));
        return templates::evaluate(tree, templates::from_json(value), Time{});
    }
    TRY_ASSIGN(const auto prompt, PromptTemplate::parse(sections.at("template")));
    TRY_ASSIGN(const auto messages, json::read(sections.at("messages")));
    PromptInput input{.messages = messages_of(messages)};
    if (const auto tools = sections.find("tools"); tools != sections.end()) {
        TRY_ASSIGN(input.tools, json::read(tools->second));
    }
    if (const auto think = sections.find("think"); think != sections.end())
        input.think = think->second == "true";
    return prompt.render(input, Time{});
}

// Go also names the column and the node; we keep the line and the reason.
std::string without_place(const std::string& error) {
    static const std::regex place(R"re(^template: :(\d+):\d+: executing "[^"]*" at <.*>: )re");
    return std::regex_replace(error, place, "template: :$1: ");
}

// Cases whose error exists here too, in other words: Go names its own types or its own limit.
const std::vector<std::string> kOtherWords = {
    "field of a string",
    "comparison of lists",
    "recursion is bounded",
    "error: bad character",
    "error: number syntax",
    "error: define inside if",
    "message style, unknown field",
};

// Expected texts come from Go's own text/template (tests/models/go_templates/generate.go).
TEST(GoTemplates, GiveWhatGoGives) {
    const auto cases = read_cases("cases.txt");
    auto expected = read_cases("expected.txt");
    ASSERT_GT(cases.size(), 90U);
    ASSERT_EQ(cases.size(), expected.size());
    for (const auto& [name, sections] : cases) {
        const auto got = run(sections);
        Sections want = expected.at(name);
        if (want.contains("output")) {
            ASSERT_TRUE(got) << name << ": " << got.error().message;
            EXPECT_EQ(*got, want["output"]) << name;
            continue;
        }
        ASSERT_FALSE(got) << name << " gave " << *got;
        const bool other = std::ranges::find(kOtherWords, name) != kOtherWords.end();
        if (!other) EXPECT_EQ(got.error().message, without_place(want["error"])) << name;
    }
}

std::string rendered(std::string_view text, const std::vector<ChatMessage>& messages) {
    const auto prompt = PromptTemplate::parse(text);
    if (!prompt) return prompt.error().message;
    const auto out = prompt->render({.messages = messages}, Time{});
    return out ? *out : out.error().message;
}

constexpr std::string_view kOldStyle =
    "{{ if .System }}<s>{{ .System }}</s>{{ end }}{{ if .Prompt }}<u>{{ .Prompt }}</u>{{ end }}"
    "<a>{{ .Response }}</a>";

TEST(PromptTemplate, OlderStyleRunsOnceATurnAndStopsWhereTheModelGoesOn) {
    EXPECT_EQ(rendered(kOldStyle, {{.role = "user", .content = "Hi"}}), "<u>Hi</u><a>");
    EXPECT_EQ(
        rendered(
            kOldStyle,
            {{.role = "system", .content = "S"},
             {.role = "user", .content = "1"},
             {.role = "assistant", .content = "2"},
             {.role = "user", .content = "3"}}
        ),
        "<s>S</s><u>1</u><a>2</a><u>3</u><a>"
    );
    // What the assistant is to go on with stays open.
    EXPECT_EQ(
        rendered(
            kOldStyle, {{.role = "user", .content = "1"}, {.role = "assistant", .content = "Well"}}
        ),
        "<u>1</u><a>Well"
    );
    EXPECT_EQ(
        rendered(
            "{{ .Prompt }}{{ if .Response }}[{{ .Response }}]{{ else }}no{{ end }}end",
            {{.role = "user", .content = "1"}}
        ),
        "1"
    );
}

TEST(PromptTemplate, ATemplateWithoutResponseGetsOne) {
    EXPECT_EQ(
        rendered(
            "{{ .Prompt }} ",
            {{.role = "user", .content = "a"},
             {.role = "assistant", .content = "b"},
             {.role = "user", .content = "c"}}
        ),
        "a bc "
    );
}

TEST(PromptTemplate, FillsInBetween) {
    const auto prompt = PromptTemplate::parse(
        "{{ if .Suffix }}<pre>{{ .Prompt }}<suf>{{ .Suffix }}<mid>{{ else }}{{ .Prompt }}{{ end }}"
    );
    ASSERT_TRUE(prompt);
    EXPECT_TRUE(prompt->mentions("suffix"));
    EXPECT_EQ(
        *prompt->render_infill("def f(", "return 1", Time{}), "<pre>def f(<suf>return 1<mid>"
    );
}

TEST(PromptTemplate, TellsHowThinkingAndToolCallsAreMarked) {
    const auto marked = PromptTemplate::parse(
        "{{ range .Messages }}{{ if .Thinking }}<reason>\n{{ .Thinking }}\n</reason>{{ end }}"
        "{{ if .ToolCalls }}<call>\n{{ range .ToolCalls }}{\"name\": {{ .Function.Name }}}{{ end }}"
        "</call>{{ end }}{{ end }}"
    );
    ASSERT_TRUE(marked);
    EXPECT_EQ(marked->thinking_marks()->open, "<reason>");
    EXPECT_EQ(marked->thinking_marks()->close, "</reason>");
    EXPECT_EQ(marked->tool_call_mark(), "<call>");

    const auto bare = PromptTemplate::parse(
        "{{ range .Messages }}{{ range .ToolCalls }}{\"name\": 1}{{ end }}{{ .Content }}{{ end }}"
    );
    ASSERT_TRUE(bare);
    EXPECT_FALSE(bare->thinking_marks());
    EXPECT_EQ(bare->tool_call_mark(), "{");
}

TEST(PromptTemplate, HostileTemplatesAreBounded) {
    const auto loops = PromptTemplate::parse(
        "{{ range 100000 }}{{ range 100000 }}{{ range 100000 }}x{{ end }}{{ end }}{{ end }}{{ "
        ".Response }}"
    );
    ASSERT_TRUE(loops);
    EXPECT_EQ(loops->render({}, Time{}).error().code, ErrorCode::too_large);
    const auto doubling = PromptTemplate::parse(
        "{{ $x := \"ab\" }}{{ range 60 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}{{ .Response }}"
    );
    ASSERT_TRUE(doubling);
    EXPECT_EQ(doubling->render({}, Time{}).error().code, ErrorCode::too_large);
    const auto wide = PromptTemplate::parse("{{ printf \"%999999999d\" 1 }}{{ .Response }}");
    ASSERT_TRUE(wide);
    EXPECT_LT(wide->render({}, Time{})->size(), 20'000U);
    std::string deep;
    for (int i = 0; i < 50'000; ++i)
        deep += "{{ if true }}";
    EXPECT_EQ(
        PromptTemplate::parse(deep).error().message, "template: :1: max expression depth exceeded"
    );
    EXPECT_FALSE(PromptTemplate::parse("{{ " + std::string(100'000, '(') + " }}"));
}

}  // namespace
}  // namespace moat::models
