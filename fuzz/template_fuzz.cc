// Prompt templates, parsed and rendered.
#include <cstdint>
#include <string_view>

#include "models/prompt_template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using moat::models::PromptTemplate;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto prompt = PromptTemplate::parse(text);
    if (!prompt) return 0;
    static const moat::json::Value tools = *moat::json::read(
        R"([{"type":"function","function":{"name":"f","parameters":{"type":"object",)"
        R"("properties":{"a":{"type":"string"}}}}}])"
    );
    const moat::models::PromptInput input{
        .messages =
            {{.role = "system", .content = "s"},
             {.role = "user", .content = "u"},
             {.role = "assistant", .tool_calls = {{.name = "f"}}},
             {.role = "user", .content = "v"}},
        .tools = tools
    };
    (void)prompt->render(input, moat::Time{});
    (void)prompt->render_infill("a", "b", moat::Time{});
    (void)prompt->thinking_marks();
    (void)prompt->tool_call_mark();
    return 0;
}
