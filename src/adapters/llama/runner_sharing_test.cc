// What requests share, and how they take turns: attention states, the pool, the queue.
#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

#include "adapters/llama/plain_llama.h"
#include "adapters/llama/runner_fixture.h"
#include "base/temp_dir.h"

namespace moat::adapters::llama {
namespace {

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
        (void)runner->generate("anna", first, sink, stop);
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

// A text of some 170 tokens, another one for each name.
std::string story_of(const std::string& name) {
    std::string story;
    for (int i = 0; i < 14; ++i)
        story += name + " saw a big red ball in the park. ";
    return story;
}

class SharingTest : public StoriesTest {
  protected:
    static GenerateRequest ask(
        const std::string& prompt, const std::string& domain, int count = 20
    ) {
        GenerateRequest request = greedy(prompt, count);
        request.cache_domain = domain;
        return request;
    }
    static int cached(RunnerProcess& runner, const GenerateRequest& request) {
        const Answer answer = run(runner, request);
        EXPECT_TRUE(answer.result) << answer.result.error().message;
        return answer.result ? answer.result->cached_tokens : -1;
    }
    // The tokens of prompt and answer when nobody else is there.
    static std::vector<std::int32_t> alone(const std::string& prompt, int count) {
        PlainLlama plain(file("stories260k"), false);
        auto all = plain.tokenize(prompt);
        const auto more = plain.greedy(all, count);
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    // One slot, and a pool that holds one story.
    static LoadCommand narrow() { return command("stories260k", 300, 1); }
};

TEST_F(SharingTest, AStateThatLostItsPlaceComesBackFromMemory) {
    LoadCommand load = narrow();
    load.states.memory_bytes = 64 << 20;
    const auto runner = start(load);
    const Answer cold = run(*runner, ask(story_of("Lily"), "one"));
    ASSERT_TRUE(cold.result);
    EXPECT_EQ(cached(*runner, ask(story_of("Tom"), "one")), 0);
    EXPECT_EQ(cached(*runner, ask(story_of("Ben"), "one")), 0);
    const Answer warm = run(*runner, ask(story_of("Lily"), "one"));
    ASSERT_TRUE(warm.result);
    EXPECT_EQ(warm.result->cached_tokens, warm.result->prompt_tokens - 1);
    EXPECT_EQ(warm.result->tokens, cold.result->tokens);
    EXPECT_EQ(cached(*runner, ask(story_of("Lily"), "two")), 0);
}

TEST_F(SharingTest, WithoutMemoryForStatesTheyAreGone) {
    const auto runner = start(narrow());
    EXPECT_EQ(cached(*runner, ask(story_of("Lily"), "one")), 0);
    EXPECT_EQ(cached(*runner, ask(story_of("Tom"), "one")), 0);
    EXPECT_EQ(cached(*runner, ask(story_of("Ben"), "one")), 0);
    EXPECT_EQ(cached(*runner, ask(story_of("Lily"), "one")), 0);
}

class DiskTest : public SharingTest {
  protected:
    LoadCommand on_disk() const {
        LoadCommand load = narrow();
        load.states.folder = folder_.path();
        load.states.disk_bytes = 64 << 20;
        return load;
    }
    std::vector<std::filesystem::path> files() const {
        std::vector<std::filesystem::path> out;
        for (const auto& item : std::filesystem::directory_iterator(folder_.path())) {
            if (item.path().extension() == ".state") out.push_back(item.path());
        }
        return out;
    }
    // Runs it on a runner of its own, until the state is on disk.
    Answer run_and_save(const GenerateRequest& request) {
        const auto runner = start(on_disk());
        Answer answer = run(*runner, request);
        for (int i = 0; i < 3000 && files().empty(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return answer;
    }

    TempDir folder_;
};

TEST_F(DiskTest, AStateSurvivesItsRunner) {
    const Answer cold = run_and_save(ask(story_of("Lily"), "one"));
    ASSERT_TRUE(cold.result);
    ASSERT_EQ(files().size(), 1U);
    const auto mode = std::filesystem::status(files().front()).permissions();
    EXPECT_EQ(mode & std::filesystem::perms(0077), std::filesystem::perms::none);

    const auto runner = start(on_disk());
    EXPECT_EQ(cached(*runner, ask(story_of("Lily"), "two")), 0);
    const Answer warm = run(*runner, ask(story_of("Lily"), "one"));
    ASSERT_TRUE(warm.result);
    EXPECT_EQ(warm.result->cached_tokens, warm.result->prompt_tokens - 1);
    EXPECT_EQ(warm.result->tokens, cold.result->tokens);
}

TEST_F(DiskTest, ADamagedStateIsComputedAgain) {
    const Answer cold = run_and_save(ask(story_of("Lily"), "one"));
    ASSERT_EQ(files().size(), 1U);
    {
        std::fstream file(files().front(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-100, std::ios::end);
        file.put('x');
    }
    const auto runner = start(on_disk());
    const Answer again = run(*runner, ask(story_of("Lily"), "one"));
    ASSERT_TRUE(cold.result && again.result);
    EXPECT_EQ(again.result->cached_tokens, 0);
    EXPECT_EQ(again.result->tokens, cold.result->tokens);
}

TEST_F(DiskTest, AStateOfAnotherModelIsNotTaken) {
    (void)run_and_save(ask(story_of("Lily"), "one"));
    LoadCommand load = on_disk();
    load.model.key = "another";
    const auto runner = start(load);
    EXPECT_EQ(cached(*runner, ask(story_of("Lily"), "one")), 0);
}

TEST_F(SharingTest, OthersStartFromThePublicPartAndFromNothingElse) {
    PlainLlama plain(file("stories260k"), false);
    const std::string system = story_of("Lily");
    const auto public_tokens = static_cast<int>(plain.tokenize(system).size());
    GenerateRequest first = ask(system + "Tom has a secret", "one");
    first.public_text = system;
    GenerateRequest second = first;
    second.cache_domain = "two";

    const auto runner = start("stories260k", 512, 2);
    EXPECT_EQ(cached(*runner, first), 0);
    const Answer other = run(*runner, second);
    ASSERT_TRUE(other.result);
    EXPECT_LE(other.result->cached_tokens, public_tokens);
    EXPECT_GE(other.result->cached_tokens, public_tokens - 2);  // where words meet
    EXPECT_EQ(other.result->tokens, alone(system + "Tom has a secret", 20));
}

TEST_F(SharingTest, TheSameBeginningIsComputedOnceForAllWhoComeTogether) {
    LoadCommand load = command("stories260k", 512, 4);
    load.model.load.num_batch = 32;
    const auto runner = start(load);
    std::vector<Answer> answers(4);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            threads.emplace_back([&, i] {
                answers[i] = run(*runner, ask(story_of("Lily") + std::to_string(i), "one"));
            });
        }
    }
    int without = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        ASSERT_TRUE(answers[i].result);
        without += answers[i].result->cached_tokens < 64 ? 1 : 0;
        EXPECT_EQ(answers[i].result->tokens, alone(story_of("Lily") + std::to_string(i), 20));
    }
    EXPECT_EQ(without, 1);
}

TEST_F(SharingTest, WhenThePoolIsFullRequestsTakeTurnsAndAnswerAsAlone) {
    LoadCommand load = command("stories260k", 200, 4);
    load.pool = 220;  // each of the four needs more than half of it in the end
    const auto runner = start(load);
    const std::vector<std::string> prompts = {
        "Once upon a time", "The dog", "Mom said", "It was a sunny day and Tim"
    };
    std::vector<Answer> answers(prompts.size());
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < prompts.size(); ++i) {
            threads.emplace_back([&, i] { answers[i] = run(*runner, ask(prompts[i], "one", 120)); }
            );
        }
    }
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        ASSERT_TRUE(answers[i].result) << answers[i].result.error().message;
        EXPECT_EQ(answers[i].result->tokens, alone(prompts[i], 120)) << prompts[i];
    }
}

TEST_F(SharingTest, OneWhoAsksOnceDoesNotWaitForAllOfOneWhoAsksMuch) {
    const auto runner = start("stories260k", 512, 1);
    std::mutex mutex;
    std::vector<std::string> order;
    std::atomic<int> posted = 0;
    const auto ask_as = [&](const std::string& owner) {
        ++posted;
        const Answer answer = run(*runner, ask("Once", owner, 400), {}, owner);
        EXPECT_TRUE(answer.result);
        const std::lock_guard lock(mutex);
        order.push_back(owner);
    };
    std::ptrdiff_t before = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] { ask_as("busy"); });
        while (posted < 8)
            std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // until they are sent
        threads.emplace_back([&] { ask_as("other"); });
        while (posted < 9)
            std::this_thread::yield();
        const std::lock_guard lock(mutex);
        before = std::ssize(order);
    }
    const auto place = std::ranges::find(order, "other") - order.begin();
    // The one that was running, and perhaps one or two that began or ended meanwhile.
    EXPECT_LE(place - before, 3) << "of " << 8 - before << " that were there";
}

}  // namespace
}  // namespace moat::adapters::llama
