#pragma once

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "inference/runner_engine.h"

// Only for the tests of RunnerEngine: one on fake runners (fake_runner_main.cc), with a clock, a
// machine and graphics cards that the test sets.
namespace moat::inference {

using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr std::uint64_t kGiB = 1ULL << 30;
inline const std::string kStopped =
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal "
    "error, check ollama server logs for details";

// Where the build put the program; known to the tests' sources only.
std::string fake_runner_path();

class ManualClock final : public Clock {
  public:
    Time now() const override { return Time(std::chrono::seconds(seconds_)); }
    void advance(std::int64_t seconds) { seconds_ += seconds; }

  private:
    std::atomic<std::int64_t> seconds_ = 1'000'000'000;
};

// Polls for something another thread or process is about to do.
inline bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

class RunnerEngineTest : public testing::Test {
  protected:
    RunnerEngine& engine() {
        // At first use, so that a test can change the settings before; by any of its threads.
        std::call_once(made_, [this] {
            engine_ = std::make_unique<RunnerEngine>(
                settings_,
                clock_,
                [this](const ModelSource&) {
                    if (on_cost_) on_cost_();
                    return Result<ModelCost>(cost_);
                },
                [this] { return probe_ ? probe_() : available_.load(); },
                [this] { return gpus_; }
            );
        });
        return *engine_;
    }

    static ModelSource model(const std::string& name) {
        ModelSource source;
        source.key = "digest of " + name;
        source.name = name;
        return source;
    }

    Result<GenerateResult> generate(
        const ModelSource& source, const std::string& prompt, KeepAlive keep_alive = minutes(5)
    ) {
        GenerateRequest request;
        request.prompt = prompt;
        return engine().generate(
            who_, source, request, keep_alive, [](const GenerateEvent&) { return true; }, {}
        );
    }

    std::string generate_text(const ModelSource& source, const std::string& prompt) {
        GenerateRequest request;
        request.prompt = prompt;
        std::string text;
        const auto sink = [&](const GenerateEvent& event) {
            text += event.content;
            return true;
        };
        const auto result = engine().generate(who_, source, request, minutes(5), sink, {});
        return result ? text : "error: " + result.error().message;
    }

    // A request that runs until its destructor; the constructor waits for its first event.
    class Running {
      public:
        Running(RunnerEngineTest& test, const ModelSource& source, KeepAlive keep = minutes(5))
            : thread_([this, &test, source, keep](const std::stop_token& stop) {
                  GenerateRequest request;
                  request.prompt = std::string("forever");
                  const auto sink = [this](const GenerateEvent&) { return started_ = true; };
                  result_ = test.engine().generate(test.who_, source, request, keep, sink, stop);
                  ended_ = true;
              }) {
            EXPECT_TRUE(eventually([this] { return started_ || ended_; }));
        }
        void stop() {
            thread_.request_stop();
            if (thread_.joinable()) thread_.join();
        }
        Error error() {
            EXPECT_TRUE(eventually([this] { return ended_.load(); }));
            thread_.join();
            return result_.error();
        }

      private:
        std::atomic<bool> started_ = false;
        std::atomic<bool> ended_ = false;
        Result<GenerateResult> result_ = GenerateResult{};
        std::jthread thread_;
    };

    std::vector<std::string> loaded_names() {
        std::vector<std::string> names;
        for (const auto& one : engine().loaded(who_))
            if (!one.loading) names.push_back(one.name);
        return names;
    }
    LoadedModel only_loaded() {
        const auto all = engine().loaded(who_);
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? LoadedModel{} : all.front();
    }

    const Principal who_{"test", "test", Role::admin};
    RunnerSettings settings_{.command = {fake_runner_path()}};
    ModelCost cost_{.file_bytes = kGiB, .cache_bytes_per_token = 1024, .trained_context = 8192};
    std::atomic<std::uint64_t> available_ = 100 * kGiB;
    std::function<void()> on_cost_;         // when a call is about to make room
    std::function<std::uint64_t()> probe_;  // instead of available_
    std::vector<Gpu> gpus_;                 // set before the first call
    ManualClock clock_;

  private:
    std::once_flag made_;
    std::unique_ptr<RunnerEngine> engine_;
};

}  // namespace moat::inference
