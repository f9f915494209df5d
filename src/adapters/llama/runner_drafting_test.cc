// Guesses at the next tokens change when an answer comes, never what it says.
#include <thread>

#include "adapters/llama/runner_fixture.h"

namespace moat::adapters::llama {
namespace {

class DraftingTest : public StoriesTest {
  protected:
    // It repeats itself, so that there is something to look up.
    static GenerateRequest request(int lookup) {
        GenerateRequest request = greedy("Lily saw a big red ball. Tom saw a big red", 200);
        request.lookup_num_predict = lookup;
        return request;
    }
    static LoadCommand with_draft(const std::string& draft) {
        LoadCommand load = command("stories260k");
        load.model.draft = file(draft);
        return load;
    }
};

TEST_F(DraftingTest, LookupGuessesAndTheAnswerIsTheSame) {
    const auto runner = start("stories260k");
    const Answer plain = run(*runner, request(0));
    const Answer guessed = run(*runner, request(8));
    ASSERT_TRUE(plain.result && guessed.result);
    EXPECT_EQ(plain.result->guessed_tokens, 0);
    EXPECT_GT(guessed.result->guessed_tokens, 0);
    EXPECT_GT(guessed.result->right_guesses, 0);
    EXPECT_LT(guessed.result->right_guesses, guessed.result->guessed_tokens);
    EXPECT_EQ(guessed.result->tokens, plain.result->tokens);
    EXPECT_EQ(guessed.text, plain.text);
    EXPECT_EQ(guessed.result->generated_tokens, 200);
}

TEST_F(DraftingTest, ASampledAnswerIsTheSameToo) {
    const auto runner = start("stories260k");
    GenerateRequest plain = request(0);
    plain.sampling.temperature = 0.8F;
    plain.sampling.seed = 7;
    GenerateRequest guessed = plain;
    guessed.lookup_num_predict = 8;
    const Answer first = run(*runner, plain);
    const Answer second = run(*runner, guessed);
    ASSERT_TRUE(first.result && second.result);
    EXPECT_GT(second.result->guessed_tokens, 0);
    EXPECT_EQ(second.result->tokens, first.result->tokens);
}

TEST_F(DraftingTest, AnswersThatGuessShareBatches) {
    const auto runner = start("stories260k", 512, 3);
    const Answer alone = run(*runner, request(0));
    std::vector<Answer> answers(5);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            threads.emplace_back([&, i] { answers[i] = run(*runner, request(16)); });
        }
    }
    for (const Answer& answer : answers) {
        ASSERT_TRUE(answer.result);
        EXPECT_EQ(answer.result->tokens, alone.result->tokens);
    }
}

TEST_F(DraftingTest, AFullContextTakesNoGuessesBeyondItsEnd) {
    const auto runner = start("stories260k", 64, 1);
    GenerateRequest short_one = request(16);
    short_one.shift = false;
    const Answer answer = run(*runner, short_one);
    short_one.lookup_num_predict = 0;
    const Answer plain = run(*runner, short_one);
    ASSERT_TRUE(answer.result && plain.result);
    EXPECT_EQ(answer.result->reason, FinishReason::length);
    EXPECT_EQ(answer.result->tokens, plain.result->tokens);
}

TEST_F(DraftingTest, AModelThatGuessesForItselfIsAlwaysRight) {
    const auto plain = start("stories260k");
    const Answer expected = run(*plain, request(0));
    const auto runner = start(with_draft("stories260k"));
    const Answer answer = run(*runner, request(0));
    ASSERT_TRUE(expected.result && answer.result);
    EXPECT_EQ(answer.result->tokens, expected.result->tokens);
    EXPECT_EQ(answer.result->right_guesses, answer.result->guessed_tokens);
    // The first token comes with the prompt, then five a step: 39 steps, and one of the last four.
    EXPECT_EQ(answer.result->generated_tokens, 200);
    EXPECT_EQ(answer.result->guessed_tokens, 39 * 4 + 3);
}

TEST_F(DraftingTest, ADraftOfAnotherFamilyIsRefused) {
    const LoadCommand load = with_draft("tiny-chat");
    const auto runner =
        RunnerProcess::start({MOAT_RUNNER_PROGRAM}, load, {.stall_limit = minutes(1)});
    ASSERT_FALSE(runner);
    EXPECT_EQ(runner.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(runner.error().message.find("another vocabulary"), std::string::npos);
}

}  // namespace
}  // namespace moat::adapters::llama
