#include "api/openai/transcription.h"

#include <gtest/gtest.h>

namespace moat::api::openai {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=xyz";

std::string form(const std::vector<std::pair<std::string, std::string>>& parts) {
    std::string out;
    for (const auto& [name, data] : parts) {
        const std::string file = name == "file" ? "; filename=\"a.wav\"" : "";
        out += "--xyz\r\nContent-Disposition: form-data; name=\"" + name + "\"" + file +
               "\r\n\r\n" + data + "\r\n";
    }
    return out + "--xyz--\r\n";
}

std::string fault(const std::vector<std::pair<std::string, std::string>>& parts) {
    const auto read = read_transcription(kType, form(parts));
    return read ? "" : read.error().message;
}

TEST(Transcription, TheSoundComesFirstAndTheInstructionNamesLanguageAndContext) {
    const auto read = read_transcription(
        kType,
        form({{"model", "m"}, {"file", "RIFF\r\n--x"}, {"language", "zh"}, {"prompt", "Moat, GGUF"}}
        )
    );
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_FALSE(read->as_text);
    EXPECT_EQ(read->request.model, "m");
    EXPECT_EQ(json::write(read->request.options), R"({"temperature":0})");
    ASSERT_EQ(read->request.messages.size(), 1);
    const models::ChatMessage& message = read->request.messages[0];
    EXPECT_EQ(message.role, "user");
    EXPECT_EQ(message.images, std::vector<std::string>{"RIFF\r\n--x"});
    EXPECT_EQ(message.image_places, std::vector<std::size_t>{0});
    EXPECT_TRUE(message.content.contains("The language is zh."));
    EXPECT_TRUE(message.content.contains("Moat, GGUF"));
}

TEST(Transcription, OnlyJsonAndTextAreFormats) {
    const auto text = read_transcription(
        kType, form({{"model", "m"}, {"file", "x"}, {"response_format", "text"}})
    );
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->as_text);
    EXPECT_EQ(
        fault({{"model", "m"}, {"file", "x"}, {"response_format", "srt"}}),
        "response_format 'srt' is not supported: use json or text"
    );
}

TEST(Transcription, WhatIsMissingIsNamed) {
    EXPECT_EQ(fault({{"file", "x"}}), "model is required");
    EXPECT_TRUE(fault({{"model", "m"}}).contains("part 'file'"));
    EXPECT_TRUE(fault({{"model", "m"}, {"file", ""}}).contains("part 'file'"));
    EXPECT_TRUE(fault({{"model", "m"}, {"file", "x"}, {"temperature", "hot"}}).contains("0 to 1"));
    EXPECT_FALSE(read_transcription("application/json", "{}"));
    EXPECT_FALSE(read_transcription(kType, "--xyz"));
    const std::string large(kMaxSoundBytes + 1, 'x');
    const auto read = read_transcription(kType, form({{"model", "m"}, {"file", large}}));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace moat::api::openai
