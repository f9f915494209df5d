#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "inference/engine.h"

// The families of tests/models/chat_formats, for the tests of both kinds of template.
namespace moat::inference::chat_formats {

using Sections = std::map<std::string, std::string>;

inline const std::vector<std::string> kFamilies = {
    "llama3", "qwen2.5", "qwen3", "deepseek-r1", "mistral", "gemma3", "phi4"
};

// "--- name" and a text each; empty when there is no such file.
inline Sections read(const std::filesystem::path& folder, const std::string& family) {
    const auto text = read_file(folder / (family + ".txt"), std::size_t{1} << 20);
    Sections out;
    if (!text) return out;
    const std::string all = "\n" + *text;
    constexpr std::string_view kMark = "\n--- ";
    for (std::size_t at = all.find(kMark); at != std::string::npos;) {
        const std::size_t name = at + kMark.size();
        const std::size_t line = all.find('\n', name);
        const std::size_t next = all.find(kMark, line);
        const std::size_t end = next == std::string::npos ? all.size() - 1 : next;
        out[all.substr(name, line - name)] = all.substr(line + 1, end - line - 1);
        at = next;
    }
    return out;
}

struct Conversation {
    std::string name;  // of the section with its prompt
    std::vector<models::ChatMessage> messages;
    bool tools = false;
    std::optional<bool> think{};
};

inline json::Value weather_tools() {
    return *json::read(
        R"([{"type":"function","function":{"name":"get_weather","description":"Weather of a city",)"
        R"("parameters":{"type":"object","properties":{"city":{"type":"string"}},)"
        R"("required":["city"]}}}])"
    );
}

inline std::vector<Conversation> conversations() {
    const auto says = [](std::string role, std::string content) {
        return models::ChatMessage{.role = std::move(role), .content = std::move(content)};
    };
    models::ChatMessage call{.role = "assistant"};
    call.tool_calls = {{"call_1", "get_weather", json::Object{{"city", "Paris"}}}};
    models::ChatMessage result = says("tool", "18 degrees");
    result.tool_name = "get_weather";
    result.tool_call_id = "call_1";
    return {
        {"plain", {says("system", "Be brief."), says("user", "Hi!")}},
        {"turns", {says("user", "One?"), says("assistant", "Two."), says("user", "Three?")}},
        {"tools",
         {says("user", "Weather in Paris?"), call, result, says("user", "And in Rome?")},
         true},
        {"think", {says("user", "Hi!")}, false, true},
        {"no think", {says("user", "Hi!")}, false, false},
    };
}

// What was understood of an answer, as the files write it.
struct Understood {
    std::string thinking;
    std::string content;
    std::vector<std::string> calls;

    void add(const GenerateEvent& event) {
        thinking += event.thinking;
        content += event.content;
        for (const auto& call : event.tool_calls)
            calls.push_back(call.name + json::write(call.arguments));
    }
    // White space around the content is the template's, not the answer's.
    json::Value value() const {
        const auto first = content.find_first_not_of(" \n");
        const auto last = content.find_last_not_of(" \n");
        json::Array list;
        for (const auto& call : calls)
            list.emplace_back(call);
        return json::Object{
            {"thinking", thinking},
            {"content", first == std::string::npos ? "" : content.substr(first, last - first + 1)},
            {"calls", std::move(list)}
        };
    }
};

// All ways to cut a text in two, and the text in single bytes.
inline std::vector<std::vector<std::string>> cuts(const std::string& text) {
    std::vector<std::vector<std::string>> out;
    for (std::size_t at = 0; at <= text.size(); ++at)
        out.push_back({text.substr(0, at), text.substr(at)});
    auto& bytes = out.emplace_back();
    for (const char c : text)
        bytes.emplace_back(1, c);
    return out;
}

}  // namespace moat::inference::chat_formats
