// The real runner program, with small models, compared with llama.cpp used plainly.

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "adapters/llama/plain_llama.h"
#include "base/bytes.h"
#include "base/temp_dir.h"
#include "inference/gguf_cost.h"
#include "inference/runner_engine.h"
#include "inference/runner_process.h"

namespace moat::adapters::llama {
namespace {

using namespace inference;
using std::chrono::minutes;

std::filesystem::path models_folder() {
    const char* folder = std::getenv("MOAT_TEST_MODELS");
    return folder == nullptr ? "" : folder;
}

// The folder of shared data, or empty.
std::filesystem::path shared_folder() {
    const char* folder = std::getenv("MOAT_SHARED");
    const std::filesystem::path path = folder != nullptr ? folder : MOAT_SOURCE_DIR "/../shared";
    return std::filesystem::exists(path) ? path : "";
}

std::string read(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

class RunnerTest : public testing::Test {
  protected:
    void SetUp() override {
        if (models_folder().empty()) {
            GTEST_SKIP() << "MOAT_TEST_MODELS names no folder of test models";
        }
    }

    // A model file, or a skipped test.
    static std::filesystem::path file(const std::string& name) {
        return models_folder() / (name + ".gguf");
    }

    static LoadCommand command(const std::string& name, int context = 512, int slots = 4) {
        LoadCommand load;
        load.model.key = name;
        load.model.name = name;
        load.model.gguf = file(name);
        load.model.embedding = name == "tiny-embed";
        load.model.load.num_thread = 1;  // tests share their cores; tiny models need no more
        load.context_length = context;
        load.slots = slots;
        return load;
    }

    static std::unique_ptr<RunnerProcess> start(const LoadCommand& load) {
        auto runner = RunnerProcess::start({MOAT_RUNNER_PROGRAM}, load, minutes(1));
        EXPECT_TRUE(runner) << runner.error().message;
        return runner ? std::move(*runner) : nullptr;
    }
    static std::unique_ptr<RunnerProcess> start(
        const std::string& name, int context = 512, int slots = 4
    ) {
        return start(command(name, context, slots));
    }

    static GenerateRequest greedy(const std::string& prompt, int count) {
        GenerateRequest request;
        request.prompt = prompt;
        request.sampling.temperature = 0;
        request.num_predict = count;
        return request;
    }

    struct Answer {
        std::string text;
        std::string thinking;
        std::vector<TokenLogprob> logprobs;
        Result<GenerateResult> result = GenerateResult{};
    };
    static Answer run(
        RunnerProcess& runner, const GenerateRequest& request, std::stop_token stop = {}
    ) {
        Answer answer;
        const auto sink = [&](const GenerateEvent& event) {
            answer.text += event.content;
            answer.thinking += event.thinking;
            answer.logprobs.insert(
                answer.logprobs.end(), event.logprobs.begin(), event.logprobs.end()
            );
            return true;
        };
        answer.result = runner.generate(request, sink, std::move(stop));
        return answer;
    }

    static double cosine(const std::vector<float>& a, const std::vector<float>& b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            ab += static_cast<double>(a[i]) * b[i];
            aa += static_cast<double>(a[i]) * a[i];
            bb += static_cast<double>(b[i]) * b[i];
        }
        return ab / std::sqrt(aa * bb);
    }
};

// The trained story teller: text that can be read, so that a wrong state shows.
class StoriesTest : public RunnerTest {
  protected:
    void SetUp() override {
        RunnerTest::SetUp();
        if (!IsSkipped() && !std::filesystem::exists(file("stories260k"))) {
            GTEST_SKIP() << "stories260k.gguf was not made: the shared data is absent";
        }
    }
};

TEST_F(StoriesTest, GreedyTextIsThePublishedOne) {
    if (shared_folder().empty()) GTEST_SKIP() << "the shared data is absent";
    const std::string expected =
        read(shared_folder() / "data/models/stories260k/expected-greedy-200.txt");
    ASSERT_FALSE(expected.empty());
    const auto runner = start("stories260k");
    const Answer answer = run(*runner, greedy("", 200));
    ASSERT_TRUE(answer.result) << answer.result.error().message;
    EXPECT_EQ(answer.text, " " + expected);
    EXPECT_EQ(answer.result->generated_tokens, 200);
    EXPECT_EQ(answer.result->prompt_tokens, 1);
    EXPECT_EQ(answer.result->reason, FinishReason::length);
}

TEST_F(StoriesTest, GreedyTokensAreThoseOfPlainLlama) {
    PlainLlama plain(file("stories260k"), false);
    const auto prompt = plain.tokenize("Tom had a red ball");
    const auto expected = plain.greedy(prompt, 100);
    const auto runner = start("stories260k");
    const Answer answer = run(*runner, greedy("Tom had a red ball", 100));
    ASSERT_TRUE(answer.result);
    std::vector<std::int32_t> all = prompt;
    all.insert(all.end(), expected.begin(), expected.end());
    EXPECT_EQ(answer.result->tokens, all);
}

TEST_F(StoriesTest, RequestsThatShareBatchesAnswerAsAlone) {
    const std::vector<std::string> prompts = {
        "Once upon a time",
        "The dog",
        "Lily and Ben went to the park. They",
        "A big bird",
        "Mom said",
        "It was a sunny day and Tim"
    };
    PlainLlama plain(file("stories260k"), false);
    const auto runner = start("stories260k", 512, 3);
    std::vector<Answer> answers(prompts.size());
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < prompts.size(); ++i) {
            threads.emplace_back([&, i] { answers[i] = run(*runner, greedy(prompts[i], 60)); });
        }
    }
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        ASSERT_TRUE(answers[i].result);
        auto expected = plain.tokenize(prompts[i]);
        const auto more = plain.greedy(expected, 60);
        expected.insert(expected.end(), more.begin(), more.end());
        EXPECT_EQ(answers[i].result->tokens, expected) << prompts[i];
    }
}

TEST_F(StoriesTest, ALongPromptReadInPiecesBesideAnAnswerChangesNeither) {
    PlainLlama plain(file("stories260k"), false);
    std::string story;
    for (int i = 0; i < 12; ++i)
        story += "Lily saw a big red ball in the park. ";
    LoadCommand load = command("stories260k", 512, 2);
    load.model.load.num_batch = 32;
    const auto runner = start(load);
    Answer first;
    Answer second;
    {
        std::jthread a([&] { first = run(*runner, greedy("Once upon a time", 150)); });
        std::jthread b([&] { second = run(*runner, greedy(story, 40)); });
    }
    ASSERT_TRUE(first.result && second.result);
    for (const auto& [answer, prompt, count] :
         {std::tuple(&first, std::string("Once upon a time"), 150), std::tuple(&second, story, 40)
         }) {
        auto expected = plain.tokenize(prompt);
        const auto more = plain.greedy(expected, count);
        expected.insert(expected.end(), more.begin(), more.end());
        EXPECT_EQ(answer->result->tokens, expected);
    }
}

TEST_F(StoriesTest, AStopStringAcrossTokensEndsTheAnswerBeforeIt) {
    const auto runner = start("stories260k");
    GenerateRequest request = greedy("", 199);
    request.stop = {"zebra", "to play outside"};
    const Answer answer = run(*runner, request);
    ASSERT_TRUE(answer.result);
    EXPECT_EQ(answer.text, " Once upon a time, there was a little girl named Lily. She loved ");
    EXPECT_EQ(answer.result->reason, FinishReason::stop);
    EXPECT_EQ(answer.result->stop_string, "to play outside");
}

TEST_F(StoriesTest, NoTokensAreGeneratedWhenNoneAreAskedFor) {
    const auto runner = start("stories260k");
    const Answer answer = run(*runner, greedy("Once", 0));
    ASSERT_TRUE(answer.result);
    EXPECT_EQ(answer.text, "");
    EXPECT_EQ(answer.result->generated_tokens, 0);
    EXPECT_EQ(answer.result->reason, FinishReason::length);
}

TEST_F(StoriesTest, TheSameSeedTellsTheSameStoryAndAnotherSeedAnother) {
    const auto runner = start("stories260k");
    GenerateRequest request = greedy("Once upon a time", 50);
    request.sampling.temperature = 1;
    request.sampling.seed = 42;
    const std::string first = run(*runner, request).text;
    EXPECT_EQ(run(*runner, request).text, first);
    request.sampling.seed = 43;
    EXPECT_NE(run(*runner, request).text, first);
}

TEST_F(StoriesTest, ChoosingFromTheHighestLogitsIsChoosingFromAll) {
    const auto runner = start("stories260k");
    GenerateRequest request = greedy("Once upon a time", 120);
    request.sampling.temperature = 1;
    request.sampling.seed = 5;
    for (const float penalty : {1.0F, 1.3F}) {
        request.sampling.repeat_penalty = penalty;
        request.grammar = "";
        const std::string quick = run(*runner, request).text;
        // A grammar that forbids nothing has llama.cpp's sampler look at every logit.
        request.grammar = "root ::= [^\\x00]*";
        const Answer full = run(*runner, request);
        ASSERT_TRUE(full.result) << full.result.error().message;
        EXPECT_GT(full.text.size(), 20U);
        EXPECT_EQ(full.text.substr(0, quick.size()), quick.substr(0, full.text.size()));
    }
}

TEST_F(StoriesTest, ARepeatPenaltyChangesTheGreedyAnswer) {
    const auto runner = start("stories260k");
    GenerateRequest request = greedy("", 199);
    const std::string plain = run(*runner, request).text;
    request.sampling.repeat_penalty = 1.5F;
    EXPECT_NE(run(*runner, request).text, plain);
}

TEST_F(StoriesTest, LogprobsAreTheSoftmaxOfPlainLlamasLogits) {
    PlainLlama plain(file("stories260k"), false);
    const auto logits = plain.logits(plain.tokenize("Once upon a"));
    double sum = 0;
    for (const float logit : logits)
        sum += std::exp(static_cast<double>(logit));
    std::vector<float> sorted = logits;
    std::ranges::sort(sorted, std::greater());

    const auto runner = start("stories260k");
    GenerateRequest request = greedy("Once upon a", 3);
    request.top_logprobs = 4;
    const Answer answer = run(*runner, request);
    ASSERT_EQ(answer.logprobs.size(), 3U);
    const TokenLogprob& first = answer.logprobs.front();
    EXPECT_EQ(first.token, " time");
    ASSERT_EQ(first.top.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(first.top[i].logprob, sorted[i] - std::log(sum), 1e-3);
    }
    EXPECT_EQ(first.top[0].token, first.token);
    EXPECT_EQ(first.top[0].logprob, first.logprob);
}

TEST_F(StoriesTest, APromptSeenBeforeInTheDomainIsNotReadAgain) {
    const auto runner = start("stories260k", 512, 2);
    GenerateRequest request =
        greedy("Lily and Ben went to the park to play with a big red ball", 30);
    request.cache_domain = "one";
    const Answer cold = run(*runner, request);
    const Answer warm = run(*runner, request);
    ASSERT_TRUE(cold.result && warm.result);
    EXPECT_EQ(cold.result->cached_tokens, 0);
    EXPECT_EQ(warm.result->cached_tokens, warm.result->prompt_tokens - 1);
    EXPECT_EQ(warm.text, cold.text);
    EXPECT_EQ(warm.result->prompt_tokens, cold.result->prompt_tokens);

    request.cache_domain = "two";
    EXPECT_EQ(run(*runner, request).result->cached_tokens, 0);
    request.cache_domain = "";
    EXPECT_EQ(run(*runner, request).result->cached_tokens, 0);
    EXPECT_EQ(run(*runner, request).result->cached_tokens, 0);
}

TEST_F(StoriesTest, TheNextTurnOfAConversationGoesOnFromTheLast) {
    const auto runner = start("stories260k", 512, 2);
    GenerateRequest request = greedy("Once upon a time", 40);
    request.cache_domain = "one";
    const Answer first = run(*runner, request);
    ASSERT_TRUE(first.result);
    GenerateRequest next = request;
    next.prompt = first.result->tokens;
    const Answer second = run(*runner, next);
    ASSERT_TRUE(second.result);
    // All of it but the newest token, which was sampled and never computed.
    EXPECT_EQ(second.result->cached_tokens, second.result->prompt_tokens - 1);

    PlainLlama plain(file("stories260k"), false);
    auto expected = plain.tokenize("Once upon a time");
    const auto more = plain.greedy(expected, 80);
    expected.insert(expected.end(), more.begin(), more.end());
    EXPECT_EQ(second.result->tokens, expected);
}

TEST_F(StoriesTest, ABeginningIsSharedWithARequestThatIsStillRunning) {
    std::string system;
    for (int i = 0; i < 8; ++i)
        system += "Lily saw a big red ball in the park. ";
    const auto runner = start("stories260k", 512, 2);
    GenerateRequest first = greedy(system + "Tom", 200);
    first.cache_domain = "one";
    GenerateRequest second = greedy(system + "Ben ran", 20);
    second.cache_domain = "one";
    std::atomic<bool> started = false;
    Answer answer;
    std::jthread running([&](const std::stop_token& stop) {
        const auto sink = [&](const GenerateEvent&) { return started = true; };
        (void)runner->generate(first, sink, stop);
    });
    while (!started)
        std::this_thread::yield();
    answer = run(*runner, second);
    ASSERT_TRUE(answer.result);
    EXPECT_GT(answer.result->cached_tokens, 60);

    PlainLlama plain(file("stories260k"), false);
    auto expected = plain.tokenize(system + "Ben ran");
    const auto more = plain.greedy(expected, 20);
    expected.insert(expected.end(), more.begin(), more.end());
    EXPECT_EQ(answer.result->tokens, expected);
}

TEST_F(StoriesTest, AFullContextShiftsAndTheAnswerGoesOn) {
    const auto runner = start("stories260k", 64, 2);
    const Answer answer = run(*runner, greedy("Once upon a time", 300));
    ASSERT_TRUE(answer.result) << answer.result.error().message;
    // Plain llama.cpp cannot do this, so what is checked is that it goes on, and that the story
    // begins as it must while the context is not full.
    EXPECT_EQ(answer.result->generated_tokens, 300);
    EXPECT_TRUE(answer.text.starts_with(", there was a little girl named Lily")) << answer.text;
}

TEST_F(StoriesTest, AFullContextEndsTheAnswerWhenItMayNotShift) {
    const auto runner = start("stories260k", 64, 1);
    GenerateRequest request = greedy("Once upon a time", 300);
    request.shift = false;
    const Answer answer = run(*runner, request);
    ASSERT_TRUE(answer.result);
    EXPECT_EQ(answer.result->reason, FinishReason::length);
    // 64 places hold prompt and answer; the last token need not be stored.
    EXPECT_EQ(answer.result->prompt_tokens + answer.result->generated_tokens, 65);
}

TEST_F(StoriesTest, APromptLongerThanTheContextIsCutOrRefused) {
    std::string story;
    for (int i = 0; i < 30; ++i)
        story += "Lily saw a big red ball in the park. ";
    const auto runner = start("stories260k", 128, 1);
    GenerateRequest request = greedy(story, 10);
    const Answer cut = run(*runner, request);
    ASSERT_TRUE(cut.result);
    // num_keep 4 and BOS stay: 128 - (128 - 5) / 2.
    EXPECT_EQ(cut.result->prompt_tokens, 67);
    request.shift = false;
    const Answer refused = run(*runner, request);
    ASSERT_FALSE(refused.result);
    EXPECT_EQ(refused.result.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(
        refused.result.error().message,
        "the prompt is longer than the context length currently available to the model; shorten "
        "the prompt, adjust the context length in settings, or use a model with a longer context "
        "length"
    );
}

TEST_F(StoriesTest, ACancelledRequestFreesItsSlot) {
    const auto runner = start("stories260k", 512, 1);
    GenerateRequest endless = greedy("Once upon a time", -1);
    int events = 0;
    const auto result =
        runner->generate(endless, [&](const GenerateEvent&) { return ++events < 5; }, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    const Answer next = run(*runner, greedy("Once upon a time", 10));
    ASSERT_TRUE(next.result);
    EXPECT_EQ(next.result->generated_tokens, 10);
}

TEST_F(StoriesTest, AGrammarBindsTheAnswer) {
    const auto runner = start("stories260k");
    GenerateRequest request = greedy("Tom", 50);
    request.grammar = R"(root ::= " " ("yes" | "no") ".")";
    const Answer answer = run(*runner, request);
    ASSERT_TRUE(answer.result) << answer.result.error().message;
    EXPECT_TRUE(answer.text == " yes." || answer.text == " no.") << answer.text;
    EXPECT_EQ(answer.result->reason, FinishReason::stop);
}

TEST_F(StoriesTest, ABadGrammarOrOptionIsRefusedAndTheRunnerLives) {
    const auto runner = start("stories260k");
    GenerateRequest request = greedy("Tom", 5);
    for (const std::string grammar : {"root ::= (", "nonsense", "%llguidance {}"}) {
        request.grammar = grammar;
        const Answer answer = run(*runner, request);
        ASSERT_FALSE(answer.result) << grammar;
        EXPECT_EQ(answer.result.error().code, ErrorCode::invalid_argument) << grammar;
    }
    request.grammar = "";
    request.json_schema = "{not json";
    EXPECT_EQ(run(*runner, request).result.error().code, ErrorCode::invalid_argument);
    request.json_schema = "";
    request.sampling.mirostat = 3;
    EXPECT_EQ(run(*runner, request).result.error().code, ErrorCode::invalid_argument);
    request.sampling.mirostat = 0;
    request.sampling.repeat_penalty = 0;
    EXPECT_EQ(run(*runner, request).result.error().code, ErrorCode::invalid_argument);
    request.sampling.repeat_penalty = 1;
    request.prompt = std::vector<std::int32_t>{1, 1 << 30};
    EXPECT_EQ(run(*runner, request).result.error().code, ErrorCode::invalid_argument);
    request.prompt = std::vector<std::int32_t>{};
    EXPECT_TRUE(run(*runner, request).result);
    EXPECT_TRUE(run(*runner, greedy("Tom", 5)).result);
}

TEST_F(StoriesTest, ATextModelRefusesToEmbed) {
    const auto runner = start("stories260k");
    const auto result = runner->embed({{"Lily saw a ball"}}, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unsupported);
    EXPECT_TRUE(run(*runner, greedy("Tom", 5)).result);
}

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
    ASSERT_TRUE(runner->generate(request, sink, {}));
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

TEST_F(ChatModelTest, TokensGoBackToTheirText) {
    const auto runner = start("tiny-chat");
    const std::string text = "Hello 世界! émoji 😀 <|im_end|>\n\ttab";
    const auto tokens = runner->tokenize(text, {});
    ASSERT_TRUE(tokens);
    EXPECT_GT(tokens->size(), 5U);
    EXPECT_EQ(*runner->detokenize(*tokens, {}), text);
    EXPECT_EQ(runner->detokenize({-1}, {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(ChatModelTest, ImagesAreRefused) {
    const auto runner = start("tiny-chat");
    ChatPrompt prompt;
    prompt.messages = {{.role = "user", .content = "See", .images = {"png"}}};
    EXPECT_EQ(runner->render(prompt, {}).error().code, ErrorCode::unsupported);
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

class LoadTest : public RunnerTest {
  protected:
    static Error error_of(const std::filesystem::path& gguf) {
        LoadCommand load;
        load.model.name = "broken";
        load.model.gguf = gguf;
        auto runner = RunnerProcess::start({MOAT_RUNNER_PROGRAM}, load, minutes(1));
        EXPECT_FALSE(runner);
        return runner ? Error{ErrorCode::internal, ""} : runner.error();
    }
    TempDir folder_;
};

TEST_F(LoadTest, FilesThatDoNotLoadSayWhy) {
    EXPECT_EQ(error_of(folder_.path() / "absent.gguf").code, ErrorCode::not_found);

    const auto foreign = folder_.path() / "foreign.gguf";
    std::ofstream(foreign) << "This is no model.";
    EXPECT_EQ(error_of(foreign).code, ErrorCode::corrupt);

    const auto cut = folder_.path() / "cut.gguf";
    const std::string whole = read(file("tiny-embed"));
    std::ofstream(cut) << whole.substr(0, whole.size() / 2);
    const Error error = error_of(cut);
    EXPECT_EQ(error.code, ErrorCode::corrupt);
    EXPECT_GT(error.message.size(), std::string("unable to load model broken").size());
}

// The engine with the real runner: killed at any point, it fails what ran and serves the next.
class KillTest : public RunnerTest {
  protected:
    static ModelSource source(const std::string& name) {
        ModelSource model = command(name).model;
        model.load.num_ctx = 512;
        return model;
    }
    static pid_t pid_of(RunnerEngine& engine) {
        const auto loaded = engine.loaded({});
        return loaded.empty() ? -1 : static_cast<pid_t>(loaded.front().pid);
    }
    void expect_alive(const std::string& name) {
        if (name == "tiny-embed") {
            EXPECT_TRUE(engine_.embed({}, source(name), {{"x"}}, minutes(1), {}));
            return;
        }
        const auto sink = [](const GenerateEvent&) { return true; };
        EXPECT_TRUE(engine_.generate({}, source(name), greedy("x", 2), minutes(1), sink, {}));
    }
    static void expect_stopped(const Error& error) {
        EXPECT_EQ(error.code, ErrorCode::internal);
        EXPECT_EQ(error.message, runner_stopped().message);
    }

    const SystemClock clock_;
    RunnerEngine engine_{
        {.command = {MOAT_RUNNER_PROGRAM}}, clock_, read_model_cost, available_memory
    };
};

TEST_F(KillTest, DuringDecode) {
    const auto sink = [this](const GenerateEvent&) {
        ::kill(pid_of(engine_), SIGKILL);
        return true;
    };
    const auto result =
        engine_.generate({}, source("tiny-chat"), greedy("x", -1), minutes(1), sink, {});
    ASSERT_FALSE(result);
    expect_stopped(result.error());
    expect_alive("tiny-chat");
}

TEST_F(KillTest, DuringPrefill) {
    std::string prompt;
    for (int i = 0; i < 4000; ++i)
        prompt += "stone bridge river " + std::to_string(i);
    ModelSource model = source("tiny-chat");
    model.load.num_ctx = 4096;
    ASSERT_TRUE(engine_.load({}, model, minutes(1), {}));
    const pid_t pid = pid_of(engine_);
    std::jthread killer([pid] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        ::kill(pid, SIGKILL);
    });
    const auto sink = [](const GenerateEvent&) { return true; };
    // Long enough that 100 ms are within it, wherever exactly.
    const auto result = engine_.generate({}, model, greedy(prompt, -1), minutes(1), sink, {});
    ASSERT_FALSE(result);
    expect_stopped(result.error());
    expect_alive("tiny-chat");
}

TEST_F(KillTest, DuringEmbed) {
    ASSERT_TRUE(engine_.load({}, source("tiny-embed"), minutes(1), {}));
    const pid_t pid = pid_of(engine_);
    std::jthread killer([pid] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        ::kill(pid, SIGKILL);
    });
    EmbedRequest request;
    for (int i = 0; i < 20000; ++i)
        request.texts.emplace_back("a stone bridge over the river");
    const auto result = engine_.embed({}, source("tiny-embed"), request, minutes(1), {});
    ASSERT_FALSE(result);
    expect_stopped(result.error());
    expect_alive("tiny-embed");
}

TEST_F(KillTest, DuringLoad) {
    // A program that dies before it loads stands for every moment of a load.
    RunnerEngine engine({.command = {"/bin/false"}}, clock_, read_model_cost, available_memory);
    const auto result = engine.load({}, source("tiny-chat"), minutes(1), {});
    ASSERT_FALSE(result);
    expect_stopped(result.error());
}

}  // namespace
}  // namespace moat::adapters::llama
