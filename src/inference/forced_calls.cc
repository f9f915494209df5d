#include "inference/forced_calls.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "inference/json_scan.h"

namespace moat::inference {
namespace {

constexpr std::string_view kProbe = "moat_probe_of_a_call";
constexpr std::size_t kLongestBefore = 128;  // bytes

// How the template writes a call: the names of its two members, and what stands before it.
struct Form {
    std::string before;
    std::string name = "name";
    std::string arguments = "arguments";
};

std::string rendered_call(
    const models::PromptTemplate& prompt_template, const json::Value& tools, Time now
) {
    models::ToolCall call{
        .id = "call_00000000", .name = std::string(kProbe), .arguments = json::Object{{"x", 1}}
    };
    models::PromptInput input;
    input.messages = {
        {.role = "user", .content = "Question."},
        {.role = "assistant", .tool_calls = {std::move(call)}},
        {.role = "tool", .content = "Result."},
    };
    input.tools = tools;
    const auto text = prompt_template.render(input, now);
    return text ? *text : std::string();
}

// The members of a call's object: the one that says the probe's name, and the one that is an
// object.
bool read_members(std::string_view object, Form& form) {
    const auto value = json::read(object);
    if (!value || !value->is_object()) return false;
    bool has_name = false;
    bool has_arguments = false;
    for (const auto& [key, member] : value->get_object()) {
        if (member.is_string() && json::view(member.get_string()) == kProbe) {
            form.name = key;
            has_name = true;
        } else if (member.is_object()) {
            form.arguments = key;
            has_arguments = true;
        }
    }
    return has_name && has_arguments;
}

Form form_of(const models::PromptTemplate& prompt_template, const json::Value& tools, Time now) {
    Form form;
    const std::string mark = prompt_template.tool_call_mark();
    const bool bare = mark == "{" || mark == "[";
    if (!bare) form.before = mark;
    const std::string text = rendered_call(prompt_template, tools, now);
    const auto probe = text.find(kProbe);
    const auto brace = probe == std::string::npos ? probe : text.rfind('{', probe);
    if (brace == std::string::npos) return form;
    const std::size_t end = json_end(text, brace);
    Form found;
    if (end == std::string_view::npos ||
        !read_members(std::string_view(text).substr(brace, end - brace), found))
        return form;
    const auto begin = bare ? brace : text.rfind(mark, brace);
    if (begin == std::string::npos || brace - begin > kLongestBefore) return form;
    found.before = text.substr(begin, brace - begin);
    return found;
}

// A $ref is meant from the parameters it stands in; `root` is where these are now.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the JSON reader allows.
void move_refs(json::Value& value, const std::string& root) {
    if (value.is_array())
        for (json::Value& item : value.get_array())
            move_refs(item, root);
    if (!value.is_object()) return;
    for (auto& [key, member] : value.get_object()) {
        const bool ref = key == "$ref" && member.is_string();
        if (ref && json::view(member.get_string()).starts_with('#'))
            member = root + std::string(json::view(member.get_string()).substr(1));
        else
            move_refs(member, root);
    }
}

json::Value schema_of_call(const Form& form, const json::Value& function, std::size_t index) {
    json::Value parameters = json::Object{{"type", "object"}};
    const json::Value* given = json::find(function, "parameters");
    if (given != nullptr && given->is_object() && !given->get_object().empty()) parameters = *given;
    move_refs(parameters, fmt::format("#/anyOf/{}/properties/{}", index, form.arguments));
    json::Object name{{"const", json::string_or(function, "name")}};
    json::Object properties;
    properties[form.name] = std::move(name);
    properties[form.arguments] = std::move(parameters);
    return json::Object{
        {"type", "object"},
        {"properties", std::move(properties)},
        {"required", json::Array{form.name, form.arguments}}
    };
}

}  // namespace

ForcedCalls forced_calls(
    const models::PromptTemplate& prompt_template, const json::Value& tools, Time now
) {
    const Form form = form_of(prompt_template, tools, now);
    json::Array alternatives;
    for (const json::Value& tool : tools.get_array())
        if (const json::Value* function = json::find(tool, "function"))
            alternatives.push_back(schema_of_call(form, *function, alternatives.size()));
    return ForcedCalls{
        .before = form.before,
        .schema = json::write(json::Object{{"anyOf", std::move(alternatives)}}),
        .several = true
    };
}

}  // namespace moat::inference
