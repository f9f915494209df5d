#include "models/model_name.h"

#include <gtest/gtest.h>

namespace moat::models {
namespace {

std::string parts_of(std::string_view text) {
    const auto name = parse_model_name(text);
    if (!name) return name.error().message;
    return name->host + "|" + name->name_space + "|" + name->model + "|" + name->tag;
}

TEST(ModelName, FillsWhatIsLeftOut) {
    EXPECT_EQ(parts_of("qwen3"), "registry.ollama.ai|library|qwen3|latest");
    EXPECT_EQ(parts_of("qwen3:8b"), "registry.ollama.ai|library|qwen3|8b");
    EXPECT_EQ(parts_of("me/qwen3:8b"), "registry.ollama.ai|me|qwen3|8b");
    EXPECT_EQ(parts_of("hf.co/bartowski/X-GGUF:Q4_K_M"), "hf.co|bartowski|X-GGUF|Q4_K_M");
    EXPECT_EQ(parts_of("https://localhost:5000/a/b"), "localhost:5000|a|b|latest");
}

TEST(ModelName, RefusesWhatTheGrammarDoesNotKnow) {
    for (const char* bad :
         {"",
          ":tag",
          "a:",
          "-a",
          "a b",
          "a/b/c/d",
          "/a",
          "a//b",
          "na.me/x",
          "a:b:c",
          "../x",
          "..",
          "a/..",
          "x:..",
          ".x",
          "a\\b",
          "caf\xc3\xa9"})
        EXPECT_EQ(parts_of(bad), "invalid model name") << bad;
}

TEST(ModelName, BoundsTheLengthOfEveryPart) {
    const std::string eighty(80, 'm');
    EXPECT_TRUE(parse_model_name(eighty + ":" + eighty));
    EXPECT_FALSE(parse_model_name(eighty + "m"));
    EXPECT_FALSE(parse_model_name("x:" + eighty + "m"));
    EXPECT_TRUE(parse_model_name(std::string(350, 'h') + "/n/m"));
    EXPECT_FALSE(parse_model_name(std::string(351, 'h') + "/n/m"));
}

TEST(ModelName, DisplayDropsDefaultsAndKeepsTheTag) {
    EXPECT_EQ(parse_model_name("qwen3")->display(), "qwen3:latest");
    EXPECT_EQ(parse_model_name("registry.ollama.ai/library/qwen3:8b")->display(), "qwen3:8b");
    EXPECT_EQ(parse_model_name("me/qwen3")->display(), "me/qwen3:latest");
    EXPECT_EQ(parse_model_name("hf.co/u/r:Q8_0")->display(), "hf.co/u/r:Q8_0");
    EXPECT_EQ(parse_model_name("hf.co/library/r")->display(), "hf.co/library/r:latest");
}

TEST(ModelName, WhereItRunsMayStandBehindIt) {
    EXPECT_EQ(model_origin("qwen3:8b:LOCAL")->name, "qwen3:8b");
    EXPECT_TRUE(model_origin("qwen3:local")->local);
    EXPECT_FALSE(model_origin("qwen3")->local);
    for (const char* cloud : {"m:cloud", "m:120b:cloud", "m:120b-cloud", "h:1/n/m:Cloud"})
        EXPECT_TRUE(model_origin(cloud)->cloud) << cloud;
    for (const char* local : {"m", "cloud", "m-cloud", "m:cloudy", "m:local", ":cloud"})
        EXPECT_FALSE(model_origin(local)->cloud) << local;
    for (const char* both : {"m:local:cloud", "m:cloud:local"})
        EXPECT_EQ(model_origin(both).error().message, "use either :local or :cloud, not both");
}

TEST(ModelName, ComparesWithoutCaseAndKeepsIt) {
    const auto a = *parse_model_name("Qwen3:8B");
    EXPECT_EQ(a.manifest_path(), "registry.ollama.ai/library/Qwen3/8B");
    EXPECT_TRUE(same_model(a, *parse_model_name("qwen3:8b")));
    EXPECT_FALSE(same_model(a, *parse_model_name("qwen3:4b")));
}

}  // namespace
}  // namespace moat::models
