// Answers of models that are prompted by a Go template, taken apart: the first byte says how the
// model marks what it does, the second where its text is cut.
#include <cstdint>
#include <string>
#include <string_view>

#include "inference/answer_parser.h"

namespace {

using namespace moat;
using inference::AnswerParser;

AnswerParser parser(std::uint8_t kind) {
    static const json::Value tools =
        *json::read(R"([{"type":"function","function":{"name":"f"}}])");
    constexpr std::string_view kMarks[] = {"<tool_call>", "[TOOL_CALLS]", "{", "["};
    std::optional<inference::ThinkingSplitter> thinking;
    std::optional<inference::ToolCallScanner> calls;
    if (kind & 1)
        thinking.emplace(
            models::ThinkingMarks{.open = "<think>", .close = "</think>"}, (kind & 2) != 0
        );
    if (kind & 4) calls.emplace(std::string(kMarks[kind >> 3 & 3]), tools);
    return {std::move(thinking), std::move(calls)};
}

struct Understood {
    std::size_t bytes = 0;

    void add(const inference::GenerateEvent& event) {
        bytes += event.thinking.size() + event.content.size();
        thinking += event.thinking;
        content += event.content;
        for (const auto& call : event.tool_calls)
            calls += call.name + json::write(call.arguments);
    }
    std::string thinking;
    std::string content;
    std::string calls;
    bool operator==(const Understood&) const = default;
};

Understood understood(std::uint8_t kind, std::string_view first, std::string_view second) {
    AnswerParser one = parser(kind);
    Understood out;
    for (const std::string_view piece : {first, second}) {
        inference::GenerateEvent event;
        event.content = piece;
        if (!piece.empty()) out.add(one.push(event));
    }
    out.add(one.finish());
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
    const std::size_t cut = data[1] * text.size() / 256;
    const Understood whole = understood(data[0], text, "");
    if (whole.bytes > text.size()) __builtin_trap();
    // It must not matter how the text arrives.
    if (!(understood(data[0], text.substr(0, cut), text.substr(cut)) == whole)) __builtin_trap();
    return 0;
}
