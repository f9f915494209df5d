#include "models/modelfile.h"

#include <gtest/gtest.h>

namespace moat::models {
namespace {

std::string error_of(std::string_view text) {
    const auto file = parse_modelfile(text);
    return file ? "no error" : file.error().message;
}

TEST(Modelfile, ReadsEveryInstruction) {
    const auto file = parse_modelfile(R"(# a comment
FROM ./model.gguf
from mmproj.gguf
ADAPTER lora.gguf
DRAFT small.gguf
TEMPLATE """{{ .System }}
# not a comment
{{ .Prompt }}"""
SYSTEM You are "kind".
LICENSE "MIT"
LICENSE Apache
PARAMETER temperature 0.5
PARAMETER num_ctx 4096
PARAMETER use_mmap true
PARAMETER stop "<|end|>"
parameter stop two words
MESSAGE user "Hello
there"
MESSAGE assistant Hi
RENDERER qwen3.5
PARSER qwen3
REQUIRES 0.14.0
)");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->from, (std::vector<std::string>{"./model.gguf", "mmproj.gguf"}));
    EXPECT_EQ(file->adapters, std::vector<std::string>{"lora.gguf"});
    EXPECT_EQ(file->drafts, std::vector<std::string>{"small.gguf"});
    EXPECT_EQ(file->prompt_template, "{{ .System }}\n# not a comment\n{{ .Prompt }}");
    EXPECT_EQ(file->system, "You are \"kind\".");
    EXPECT_EQ(file->licenses, (std::vector<std::string>{"MIT", "Apache"}));
    EXPECT_EQ(
        json::write(file->parameters),
        R"({"temperature":0.5,"num_ctx":4096,"use_mmap":true,"stop":["<|end|>","two words"]})"
    );
    ASSERT_EQ(file->messages.size(), 2U);
    EXPECT_EQ(file->messages[0].role, "user");
    EXPECT_EQ(file->messages[0].content, "Hello\nthere");
    EXPECT_EQ(file->messages[1].content, "Hi");
    EXPECT_EQ(file->renderer, "qwen3.5");
    EXPECT_EQ(file->parser, "qwen3");
    EXPECT_EQ(file->required_version, "0.14.0");
}

TEST(Modelfile, SaysWhatIsWrongInTheWordsOfOllama) {
    EXPECT_EQ(error_of(""), "no FROM line");
    EXPECT_EQ(error_of("SYSTEM x"), "no FROM line");
    EXPECT_EQ(
        error_of("\n# c\nFRM x"),
        "(line 3): command must be one of \"from\", \"license\", \"template\", \"system\", "
        "\"adapter\", \"draft\", \"renderer\", \"parser\", \"parameter\", \"message\", or "
        "\"requires\""
    );
    EXPECT_EQ(error_of("FROM"), "unexpected EOF");
    EXPECT_EQ(error_of("FROM x\nSYSTEM \"\"\"open"), "unexpected EOF");
    EXPECT_EQ(error_of("FROM x\nSYSTEM \"open\nFROM y"), "unexpected EOF");
    EXPECT_EQ(
        error_of("FROM x\nMESSAGE robot hi"),
        "message role must be one of \"system\", \"user\", or \"assistant\""
    );
    EXPECT_EQ(error_of("FROM x\nPARAMETER heat 1"), "unknown parameter 'heat'");
    EXPECT_EQ(error_of("FROM x\nPARAMETER num_ctx many"), "invalid int value [many]");
    EXPECT_EQ(error_of("FROM x\nPARAMETER top_p x1"), "invalid float value [x1]");
    EXPECT_EQ(error_of("FROM x\nPARAMETER use_mmap perhaps"), "invalid bool value [perhaps]");
    EXPECT_EQ(error_of("FROM x\nREQUIRES soon"), "requires must be a valid semver (e.g. 0.14.0)");
}

TEST(Modelfile, DropsDeprecatedParametersWithAWarning) {
    const auto file = parse_modelfile("FROM x\nPARAMETER low_vram 1\n");
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->parameters.empty());
    EXPECT_EQ(file->warnings, std::vector<std::string>{"parameter low_vram is deprecated"});
}

TEST(Modelfile, ReadsByteOrderMarks) {
    using namespace std::string_literals;
    EXPECT_EQ(
        parse_modelfile("\xEF\xBB\xBF"
                        "FROM x")
            ->from.front(),
        "x"
    );
    EXPECT_EQ(
        parse_modelfile("\xFF\xFE"
                        "F\0R\0O\0M\0 \0-\x4e"s)
            ->from.front(),
        "\xe4\xb8\xad"s
    );
    EXPECT_EQ(parse_modelfile("\xFE\xFF\0F\0R\0O\0M\0 \x4e\x2d"s)->from.front(), "\xe4\xb8\xad"s);
}

TEST(Modelfile, QuotedValuesReadBackAsTheyWere) {
    for (const std::string value :
         {"plain", "two words", " padded ", "line\nline", "a \"quoted\" word", "\"all\"", "x\n\"y\""
         }) {
        const auto file = parse_modelfile("FROM x\nSYSTEM " + quote_for_modelfile(value) + "\n");
        ASSERT_TRUE(file) << value;
        EXPECT_EQ(file->system, value);
    }
}

}  // namespace
}  // namespace moat::models
