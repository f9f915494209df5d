// Files that do not load, and a runner that is killed.
#include <csignal>
#include <fstream>
#include <thread>

#include "adapters/llama/runner_fixture.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "inference/gguf_cost.h"
#include "inference/runner_engine.h"

namespace moat::adapters::llama {
namespace {

class LoadTest : public RunnerTest {
  protected:
    static Error error_of(const std::filesystem::path& gguf) {
        LoadCommand load;
        load.model.name = "broken";
        load.model.gguf = gguf;
        auto runner =
            RunnerProcess::start({MOAT_RUNNER_PROGRAM}, load, {.stall_limit = minutes(1)});
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
    const std::string whole = read_file(file("tiny-embed"), 1U << 30).value();
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
    ASSERT_TRUE(engine_.load({}, model, minutes(1), {}, {}));
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
    ASSERT_TRUE(engine_.load({}, source("tiny-embed"), minutes(1), {}, {}));
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
    const auto result = engine.load({}, source("tiny-chat"), minutes(1), {}, {});
    ASSERT_FALSE(result);
    expect_stopped(result.error());
}

}  // namespace
}  // namespace moat::adapters::llama
