// Images in prompts: where their marks stand, and what becomes of them when messages are dropped.
#include <cstring>

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "inference/media.h"
#include "inference/model_runtime.h"
#include "inference/prompt_maker.h"
#include "inference/scripted_engine.h"
#include "models/gguf_builder.h"

namespace moat::inference {
namespace {

using models::ChatMessage;
using models::GgufBuilder;

const Principal kAdmin{.id = "a", .name = "a", .role = Role::admin};
constexpr std::string_view kGo = "{{ range .Messages }}<{{ .Role }}>{{ .Content }}{{ end }}";

std::string number(std::uint32_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xFF);
    return out;
}

// The header of a PNG of this width, which is all that is looked at here.
std::string png(std::uint32_t width) {
    return "\x89PNG\r\n\x1A\n" + number(13) + "IHDR" + number(width) + number(8) +
           std::string(9, '\0');
}

struct PromptMediaTest : testing::Test {
    TempDir dir;
    models::ModelStore store = *models::ModelStore::open(dir.path());
    ScriptedEngine engine;
    ModelRuntime runtime{store, engine, RuntimeSettings{}};

    std::string put(const GgufBuilder& builder) {
        const std::string bytes = builder.bytes();
        const Sha256 digest = sha256(bytes_of(bytes));
        bool sent = false;
        const auto pieces = [&](std::span<std::byte> buffer) -> Result<std::size_t> {
            if (std::exchange(sent, true)) return std::size_t{0};
            std::memcpy(buffer.data(), bytes.data(), bytes.size());
            return bytes.size();
        };
        EXPECT_TRUE(store.put_blob(kAdmin, digest, pieces));
        return "sha256:" + digest.hex();
    }
    // `jinja`: the template of the file; else one in Go's language.
    void install(const std::string& name, bool jinja, bool sees, bool hears) {
        GgufBuilder model;
        model.text("general.architecture", "llama").u32("llama.context_length", 8192);
        if (jinja) model.text("tokenizer.chat_template", "{{ jinja }}");
        model.tensor("w", {1}, "1234");
        GgufBuilder projector;
        projector.text("general.architecture", "clip")
            .flag("clip.has_vision_encoder", sees)
            .flag("clip.has_audio_encoder", hears)
            .tensor("v", {1}, "1234");
        models::CreateRequest request{.name = name};
        if (!jinja) request.prompt_template = std::string(kGo);
        request.files = {{"m.gguf", put(model)}, {"mmproj.gguf", put(projector)}};
        const Status made = store.create(kAdmin, request, [](const auto&) {});
        ASSERT_TRUE(made) << made.error().message;
    }
    Result<GenerateResult> chat(const std::string& model, std::vector<ChatMessage> messages) {
        ChatRequest request;
        request.model = model;
        request.messages = std::move(messages);
        return runtime.chat(kAdmin, request, [](const auto&) { return true; }, {});
    }
    const GenerateRequest& last() const { return engine.requests.back(); }
    // As Ollama shows it.
    std::string prompt() const {
        return with_shown_marks(std::get<std::string>(last().prompt), last().media_nonce);
    }
};

TEST_F(PromptMediaTest, MarksStandInFrontOrWhereTheTextSaysImg) {
    install("m", false, true, false);
    ASSERT_TRUE(
        chat("m", {{.role = "user", .content = "What is this?", .images = {png(1), png(2)}}})
    );
    EXPECT_EQ(prompt(), "<user>[img-0][img-1]What is this?");
    EXPECT_EQ(last().media, (std::vector<std::string>{png(1), png(2)}));
    EXPECT_TRUE(engine.last_model.projector.filename().string().starts_with("sha256-"));

    ASSERT_TRUE(chat(
        "m",
        {{.role = "user", .content = "[img-0] first", .images = {png(1)}},
         {.role = "assistant", .content = "yes"},
         {.role = "user", .content = "and [img]?", .images = {png(2)}}}
    ));
    // What a user writes is no mark, but it looks like one when it is shown.
    EXPECT_EQ(prompt(), "<user>[img-0][img-0] first<assistant>yes<user>and [img-1]?");
    const std::string& text = std::get<std::string>(last().prompt);
    EXPECT_EQ(count_marks(text, last().media_nonce), 2);
}

TEST_F(PromptMediaTest, MarksStandWhereTheirPlacesAre) {
    install("m", false, true, false);
    ChatMessage message{.role = "user", .content = "A: B:", .images = {png(1), png(2)}};
    message.image_places = {2, 5};
    ASSERT_TRUE(chat("m", {message}));
    EXPECT_EQ(prompt(), "<user>A:[img-0] B:[img-1]");
    message.image_places = {0, 0};
    ASSERT_TRUE(chat("m", {message}));
    EXPECT_EQ(prompt(), "<user>[img-0][img-1]A: B:");
}

TEST_F(PromptMediaTest, AJinjaTemplateGetsTheMarksInTheText) {
    install("m", true, true, false);
    ASSERT_TRUE(chat("m", {{.role = "user", .content = "What?", .images = {png(1)}}}));
    const auto& messages = std::get<ChatPrompt>(last().prompt).messages;
    EXPECT_EQ(messages[0].content, media_mark(last().media_nonce, 0) + "What?");
    EXPECT_EQ(last().media, std::vector<std::string>{png(1)});
}

TEST_F(PromptMediaTest, ImagesOfDroppedMessagesStayBehind) {
    install("m", false, true, false);
    std::vector<ChatMessage> messages;
    for (std::uint32_t i = 0; i < 8; ++i)
        messages.push_back({.role = "user", .content = "look", .images = {png(i + 1)}});
    // Each counts 768 tokens, as Ollama has it; the context has 4096.
    ASSERT_TRUE(chat("m", messages));
    const auto& media = last().media;
    ASSERT_EQ(media.size(), 8);
    for (std::uint32_t i = 0; i < 8; ++i)
        EXPECT_EQ(media[i], i < 3 ? "" : png(i + 1)) << i;
}

TEST_F(PromptMediaTest, ACompletionTakesImagesToo) {
    install("m", false, true, false);
    CompletionRequest request{.model = "m", .prompt = "What?", .images = {png(1)}};
    const auto complete = [&] {
        return runtime.complete(kAdmin, request, [](const auto&) { return true; }, {});
    };
    ASSERT_TRUE(complete());
    EXPECT_EQ(prompt(), "<user>[img-0]What?");
    request.raw = true;
    request.prompt = "here: [img-0]!";
    ASSERT_TRUE(complete());
    EXPECT_EQ(prompt(), "here: [img-0]!");
    EXPECT_EQ(count_marks(std::get<std::string>(last().prompt), last().media_nonce), 1);
    request.images.push_back(png(2));
    ASSERT_TRUE(complete());
    EXPECT_EQ(prompt(), "[img-1]here: [img-0]!");
    const auto shown = runtime.render(kAdmin, request, {});
    ASSERT_TRUE(shown);
    EXPECT_EQ(*shown, "[img-1]here: [img-0]!");
}

TEST_F(PromptMediaTest, WhatAModelCannotReadIsRefusedByWhatItIs) {
    install("sees", false, true, false);
    install("hears", false, false, true);
    const auto fault = [&](const std::string& model, const std::string& file) {
        const auto result = chat(model, {{.role = "user", .content = "?", .images = {file}}});
        return result ? "" : result.error().message;
    };
    const std::string flac = "fLaC" + std::string(4, '\0') + std::string(10, '\0') +
                             "\x0A\xC4\x40\xF0" + number(44100) + std::string(16, '\0');
    EXPECT_EQ(fault("sees", png(1)), "");
    EXPECT_EQ(fault("hears", flac), "");
    EXPECT_EQ(fault("sees", flac), "registry.ollama.ai/library/sees:latest does not support audio");
    EXPECT_EQ(
        fault("hears", png(1)), "registry.ollama.ai/library/hears:latest does not support vision"
    );
    EXPECT_TRUE(fault("sees", "text").contains("no image or sound"));
    EXPECT_TRUE(fault("sees", png(100'000'000)).contains("too large"));
    EXPECT_EQ(engine.requests.size(), 2);
}

TEST_F(PromptMediaTest, AModelThatSeesHasRoomForAnImage) {
    install("m", false, true, false);
    ChatRequest request;
    request.model = "m";
    request.messages = {{.role = "user", .content = "Hi"}};
    request.options = *json::read(R"({"num_ctx":512})");
    ASSERT_TRUE(runtime.chat(kAdmin, request, [](const auto&) { return true; }, {}));
    EXPECT_EQ(engine.last_model.load.num_ctx, 2048);
}

}  // namespace
}  // namespace moat::inference
