// Answers of models that are prompted by their file's own template, taken apart by llama.cpp: the
// first byte says which template, the second where the text is cut.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/llama/chat_template.h"
#include "base/bytes.h"
#include "inference/chat_formats.h"

namespace {

using namespace moat;
using adapters::llama::ChatParser;
using adapters::llama::ChatTemplate;

struct Format {
    common_chat_params parameters;
    bool tools = false;
};

std::vector<Format> formats() {
    std::vector<Format> out;
    for (const std::string& family : inference::chat_formats::kFamilies) {
        auto sections =
            inference::chat_formats::read(MOAT_SOURCE_DIR "/tests/models/chat_formats", family);
        const auto made = ChatTemplate::of(sections.at("jinja"));
        for (const bool tools : {false, true}) {
            inference::ChatPrompt prompt;
            prompt.messages = {{.role = "user", .content = "Weather in Rome?"}};
            if (tools) prompt.tools = inference::chat_formats::weather_tools();
            const auto parameters = made->apply(prompt, "");
            if (parameters) out.push_back({*parameters, tools});
        }
    }
    CHECK(!out.empty());
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<Format> all = formats();
    if (size < 2) return 0;
    const Format& format = all[data[0] % all.size()];
    const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
    if (!is_utf8(text)) return 0;  // text_stream.h lets nothing else through
    std::size_t cut = data[1] * text.size() / 256;
    while (!is_utf8(text.substr(0, cut)))
        --cut;
    ChatParser parser(format.parameters, format.tools);
    std::size_t bytes = 0;
    const auto add = [&](const inference::GenerateEvent& event) {
        bytes += event.content.size() + event.thinking.size();
    };
    add(parser.push(text.substr(0, cut)));
    add(parser.push(text.substr(cut)));
    add(parser.finish());
    if (bytes > text.size()) __builtin_trap();  // said twice
    return 0;
}
