// Generation of text by the real runner, compared with llama.cpp used plainly.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "adapters/llama/plain_llama.h"
#include "adapters/llama/runner_fixture.h"
#include "base/file.h"

namespace moat::adapters::llama {
namespace {

// The folder of shared data, or empty.
std::filesystem::path shared_folder() {
    const char* folder = std::getenv("MOAT_SHARED");
    const std::filesystem::path path = folder != nullptr ? folder : MOAT_SOURCE_DIR "/../shared";
    return std::filesystem::exists(path) ? path : "";
}

TEST_F(StoriesTest, GreedyTextIsThePublishedOne) {
    if (shared_folder().empty()) GTEST_SKIP() << "the shared data is absent";
    const std::string expected =
        read_file(shared_folder() / "data/models/stories260k/expected-greedy-200.txt", 1U << 20)
            .value();
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
        runner->generate("anna", endless, [&](const GenerateEvent&) { return ++events < 5; }, {});
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
    // One that nothing fits, and one of 2^n ways: the answer fails, and only that.
    for (const std::string grammar :
         {"root ::= \"a\" []", R"(root ::= "a" root "x" | "a" root "y" | "a" root "z")"}) {
        request.grammar = grammar;
        request.num_predict = 200;
        EXPECT_FALSE(run(*runner, request).result) << grammar;
    }
    request.num_predict = 5;
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

}  // namespace
}  // namespace moat::adapters::llama
