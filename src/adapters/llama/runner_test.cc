// Chats and embeddings by the real runner, compared with llama.cpp used plainly.
#include <atomic>
#include <cmath>
#include <thread>

#include "adapters/llama/plain_llama.h"
#include "adapters/llama/runner_fixture.h"
#include "base/bytes.h"
#include "base/json.h"
#include "inference/media.h"

namespace moat::adapters::llama {
namespace {

class ChatModelTest : public RunnerTest {};

TEST_F(ChatModelTest, MessagesAreRenderedByTheTemplateOfTheFile) {
    const auto runner = start("tiny-chat");
    ChatPrompt prompt;
    prompt.messages = {
        {.role = "system", .content = "Be kind."}, {.role = "user", .content = "你好"}
    };
    const auto text = runner->render(prompt, {});
    ASSERT_TRUE(text) << text.error().message;
    // ChatML, written by hand.
    EXPECT_EQ(
        *text,
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n你好<|im_end|>\n"
        "<|im_start|>assistant\n"
    );
}

TEST_F(ChatModelTest, AChatRunsTheRenderedPrompt) {
    const auto runner = start("tiny-chat");
    ChatPrompt prompt;
    prompt.messages = {{.role = "user", .content = "Hello"}};
    const auto rendered = runner->render(prompt, {});
    ASSERT_TRUE(rendered);
    GenerateRequest by_text = greedy(*rendered, 20);
    GenerateRequest by_chat = greedy("", 20);
    by_chat.prompt = prompt;
    const Answer text = run(*runner, by_text);
    const Answer chat = run(*runner, by_chat);
    ASSERT_TRUE(text.result && chat.result);
    EXPECT_EQ(chat.result->tokens, text.result->tokens);
    EXPECT_EQ(chat.text, text.text);
}

TEST_F(ChatModelTest, EveryEventIsWholeCharacters) {
    const auto runner = start("tiny-chat");
    GenerateRequest request = greedy("你好", 60);
    request.sampling.temperature = 2;
    request.sampling.top_k = 0;
    request.sampling.top_p = 1;
    request.sampling.seed = 7;
    bool all_valid = true;
    const auto sink = [&](const GenerateEvent& event) {
        all_valid = all_valid && is_utf8(event.content);
        return true;
    };
    ASSERT_TRUE(runner->generate("anna", request, sink, {}));
    EXPECT_TRUE(all_valid);
}

TEST_F(ChatModelTest, ASchemaBindsTheAnswerInTextAndChat) {
    const auto runner = start("tiny-chat");
    GenerateRequest request = greedy("x", 200);
    request.json_schema =
        R"({"type":"object","properties":{"colour":{"enum":["red","blue"]},)"
        R"("n":{"type":"integer","minimum":1,"maximum":9}},"required":["colour","n"]})";
    ChatPrompt chat;
    chat.messages = {{.role = "user", .content = "Which?"}};
    for (int round = 0; round < 2; ++round) {
        if (round == 1) request.prompt = chat;
        const Answer answer = run(*runner, request);
        ASSERT_TRUE(answer.result) << answer.result.error().message;
        const auto value = json::read(answer.text);
        ASSERT_TRUE(value) << answer.text;
        const std::string colour = json::string_or(*value, "colour");
        EXPECT_TRUE(colour == "red" || colour == "blue") << answer.text;
        EXPECT_GE(json::int_or(*value, "n", 0), 1);
    }
}

TEST_F(ChatModelTest, ACallThatMustBeIsOneWhateverTheModelWouldSay) {
    const auto runner = start("tiny-chat");
    GenerateRequest request = greedy("x", 300);
    request.calls = ForcedCalls{
        .before = "<tool_call>\n",
        .schema = R"({"anyOf":[{"type":"object","properties":{"name":{"const":"paint"},)"
                  R"("arguments":{"type":"object","properties":{"colour":{"enum":["red","blue"]}},)"
                  R"("required":["colour"]}},"required":["name","arguments"]}]})",
        .several = false
    };
    const Answer answer = run(*runner, request);
    ASSERT_TRUE(answer.result) << answer.result.error().message;
    ASSERT_TRUE(answer.text.starts_with("<tool_call>\n{")) << answer.text;
    const std::size_t begin = answer.text.find('{');
    // The model may close the call in words of its own.
    auto call = json::read("");
    for (auto end = answer.text.find('}'); !call && end != std::string::npos;
         end = answer.text.find('}', end + 1))
        call = json::read(answer.text.substr(begin, end + 1 - begin));
    ASSERT_TRUE(call) << answer.text;
    EXPECT_EQ(json::string_or(*call, "name"), "paint");
    const std::string colour = json::string_or(*json::find(*call, "arguments"), "colour");
    EXPECT_TRUE(colour == "red" || colour == "blue") << answer.text;
}

TEST_F(ChatModelTest, TokensGoBackToTheirText) {
    const auto runner = start("tiny-chat");
    const std::string text = "Hello 世界! émoji 😀 <|im_end|>\n\ttab";
    const auto tokens = runner->tokenize({text}, {});
    ASSERT_TRUE(tokens);
    EXPECT_GT(tokens->size(), 5U);
    EXPECT_EQ(*runner->detokenize(*tokens, {}), text);
    EXPECT_EQ(runner->detokenize({-1}, {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(ChatModelTest, ImagesAreRefusedWithoutAProjector) {
    const auto runner = start("tiny-chat");
    ChatPrompt prompt;
    prompt.messages = {{.role = "user", .content = media_mark("nonce", 0) + "See"}};
    GenerateRequest request = greedy("", 1);
    request.prompt = prompt;
    request.media = {"png"};
    request.media_nonce = "nonce";
    const Answer answer = run(*runner, request);
    ASSERT_FALSE(answer.result);
    EXPECT_EQ(answer.result.error().code, ErrorCode::unsupported);
}

class EmbedModelTest : public RunnerTest {};

TEST_F(EmbedModelTest, TextsOfManyLengthsInOneRequestEqualEachAlone) {
    PlainLlama plain(file("tiny-embed"), true);
    std::vector<std::string> texts;
    std::string text;
    for (int i = 0; i < 70; ++i) {
        text += i % 7 == 0 ? "a river. " : "stone bridge ";
        texts.push_back(i % 3 == 0 ? text : "short text number " + std::to_string(i));
    }
    const auto runner = start("tiny-embed");
    const auto result = runner->embed({texts}, {});
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_EQ(result->vectors.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_GT(cosine(result->vectors[i], plain.embed(texts[i])), 0.9999) << i;
        EXPECT_NEAR(cosine(result->vectors[i], result->vectors[i]), 1, 1e-6);
    }
    // Different texts have different vectors, so that the comparison above means something.
    EXPECT_LT(cosine(result->vectors[0], result->vectors[69]), 0.9999);
}

TEST_F(EmbedModelTest, VectorsHaveLengthOneOnlyWhenAsked) {
    const auto runner = start("tiny-embed");
    const auto length = [&](bool normalize) {
        const auto result = runner->embed({{"a stone"}, true, normalize}, {});
        EXPECT_TRUE(result);
        double sum = 0;
        for (const float value : result->vectors[0])
            sum += static_cast<double>(value) * value;
        return std::sqrt(sum);
    };
    EXPECT_NEAR(length(true), 1, 1e-5);
    EXPECT_GT(std::abs(length(false) - 1), 1e-3);
}

TEST_F(EmbedModelTest, ManyRequestsAtOnceGetTheirOwnVectors) {
    const auto runner = start("tiny-embed");
    std::vector<std::vector<float>> alone;
    const auto text = [](int i) { return "text number " + std::to_string(i * i); };
    for (int i = 0; i < 24; ++i)
        alone.push_back(runner->embed({{text(i)}}, {})->vectors[0]);
    std::atomic<int> right = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 24; ++i) {
            threads.emplace_back([&, i] {
                const auto result = runner->embed({{text(i)}}, {});
                right += result &&
                         cosine(result->vectors[0], alone[static_cast<std::size_t>(i)]) > 0.9999;
            });
        }
    }
    EXPECT_EQ(right, 24);
}

TEST_F(EmbedModelTest, LongTextsAreCutOrRefused) {
    const auto runner = start("tiny-embed", 64);
    std::string text;
    for (int i = 0; i < 200; ++i)
        text += "stone ";
    const auto cut = runner->embed({{text}}, {});
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->prompt_tokens, 64);
    const auto refused = runner->embed({{text}, false}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().message, "the input length exceeds the context length");
}

TEST_F(EmbedModelTest, NothingAndEmptyTextsAreAnswered) {
    const auto runner = start("tiny-embed");
    const auto none = runner->embed({}, {});
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->vectors.empty());
    const auto empty = runner->embed({{"", "x"}}, {});
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->vectors.size(), 2U);
}

TEST_F(EmbedModelTest, AnEncoderRefusesToGenerate) {
    const auto runner = start("tiny-embed");
    EXPECT_EQ(run(*runner, greedy("x", 3)).result.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace moat::adapters::llama
