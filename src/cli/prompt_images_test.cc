#include "cli/prompt_images.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace moat::cli {
namespace {

// The eight bytes every PNG begins with (RFC 2083, 3.1), in base64 (RFC 4648).
constexpr std::string_view kPng = "\x89PNG\r\n\x1A\n";
constexpr std::string_view kPngBase64 = "iVBORw0KGgo=";

struct PromptImagesTest : testing::Test {
    TempDir dir;
    std::string file(const std::string& name, std::string_view bytes = kPng) {
        const auto path = dir.path() / name;
        std::ofstream(path, std::ios::binary) << bytes;
        return path.string();
    }
};

TEST_F(PromptImagesTest, TakesAPathOutOfThePrompt) {
    const auto taken = take_images("what is in " + file("cat.png") + " please?");
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->text, "what is in  please?");
    EXPECT_EQ(taken->images, (json::Array{kPngBase64}));
    EXPECT_EQ(taken->names.size(), 1U);
}

TEST_F(PromptImagesTest, TakesSoundsToo) {
    const auto taken = take_images("write down " + file("talk.WAV", "RIFF\1\2\3\4WAVEfmt "));
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->images.size(), 1U);
    EXPECT_EQ(taken->text, "write down");
}

TEST_F(PromptImagesTest, ReadsPathsAsTerminalsTypeThem) {
    file("my cat.PNG");
    const std::string folder = dir.path().string();
    for (const std::string& typed :
         {folder + "/my\\ cat.PNG",
          "'" + folder + "/my cat.PNG'",
          "\"" + folder + "/my cat.PNG\"",
          "file://" + folder + "/my%20cat.PNG"}) {
        const auto taken = take_images(typed);
        ASSERT_TRUE(taken) << typed;
        EXPECT_EQ(taken->images.size(), 1U) << typed;
        EXPECT_EQ(taken->text, "") << typed;
        EXPECT_TRUE(begins_with_image(typed)) << typed;
    }
}

TEST_F(PromptImagesTest, WhatIsNoImageFileStaysText) {
    file("notes.txt");
    const std::string folder = dir.path().string();
    for (const std::string& text :
         {folder + "/absent.png",
          folder + "/notes.txt",
          std::string("an/inner.png"),
          std::string("it's 5\\6 of \"x.png\""),
          std::string("/bye")}) {
        const auto taken = take_images(text);
        ASSERT_TRUE(taken) << text;
        EXPECT_EQ(taken->text, text);
        EXPECT_TRUE(taken->images.empty());
        EXPECT_FALSE(begins_with_image(text));
    }
}

TEST_F(PromptImagesTest, RefusesAFileThatIsNotWhatItsNameSays) {
    const auto taken = take_images(file("secret.png", "PRIVATE KEY"));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace moat::cli
