// Several runners of one model, and what is told while one loads.
#include <fstream>

#include "base/temp_dir.h"
#include "inference/gpu_watch.h"
#include "inference/runner_engine_fixture.h"

namespace moat::inference {
namespace {

class RunnerReplicasTest : public RunnerEngineTest {
  protected:
    std::size_t replicas() { return only_loaded().replicas.size(); }
    std::string pid_for(const std::string& prompt) {
        return generate_text(model("a"), "pid " + prompt);
    }
    // Two idle runners of "a": the first and the second.
    std::pair<std::string, std::string> two_runners() {
        Running first(*this, model("a"));
        Running second(*this, model("a"));  // waits, by the engine's count
        EXPECT_TRUE(eventually([this] { return replicas() == 2; }));
        const auto all = only_loaded().replicas;
        first.stop();
        second.stop();
        return {std::to_string(all.at(0).pid), std::to_string(all.at(1).pid)};
    }
};

TEST_F(RunnerReplicasTest, WhereRequestsWaitAnotherRunnerStartsAndTakesTheNext) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    const Running first(*this, model("a"));
    EXPECT_EQ(replicas(), 1U);
    const Running second(*this, model("a"));
    ASSERT_TRUE(eventually([this] { return replicas() == 2; }));
    const LoadedModel before = only_loaded();
    EXPECT_EQ(before.replicas[0].busy, 1);
    EXPECT_EQ(before.replicas[0].queued, 1);
    EXPECT_EQ(before.replicas[1].busy, 0);
    EXPECT_EQ(before.slots, 2);
    EXPECT_EQ(pid_for("x"), std::to_string(before.replicas[1].pid));
}

TEST_F(RunnerReplicasTest, ThereAreNoMoreThanTheSettingSays) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    const Running first(*this, model("a"));
    const Running second(*this, model("a"));
    ASSERT_TRUE(eventually([this] { return replicas() == 2; }));
    const Running third(*this, model("a"));
    const Running fourth(*this, model("a"));
    EXPECT_EQ(only_loaded().queued, 2);
    EXPECT_EQ(replicas(), 2U);
}

TEST_F(RunnerReplicasTest, OneRunnerIsAllThatAMachineWithoutCardsStartsByItself) {
    settings_.max_slots = 1;
    const Running first(*this, model("a"));
    const Running second(*this, model("a"));
    const Running third(*this, model("a"));
    EXPECT_EQ(replicas(), 1U);
}

TEST_F(RunnerReplicasTest, EachCardGetsARunnerOfItsOwn) {
    settings_.max_slots = 1;
    gpus_ = {{"CUDA0", 24 * kGiB}, {"CUDA1", 16 * kGiB}};
    const Running first(*this, model("a"));
    const Running second(*this, model("a"));
    ASSERT_TRUE(eventually([this] { return replicas() == 2; }));
    EXPECT_EQ(only_loaded().replicas[0].gpus, std::vector<std::string>{"CUDA0"});
    EXPECT_EQ(only_loaded().replicas[1].gpus, std::vector<std::string>{"CUDA1"});
    EXPECT_EQ(generate_text(model("a"), "place"), "CUDA1 -1");
}

TEST_F(RunnerReplicasTest, AModelSpreadOverTheCardsStaysAlone) {
    settings_.max_slots = 1;
    settings_.spread = true;
    gpus_ = {{"CUDA0", 24 * kGiB}, {"CUDA1", 16 * kGiB}};
    EXPECT_EQ(generate_text(model("a"), "place"), "CUDA0 CUDA1 -1");
    const Running first(*this, model("a"));
    const Running second(*this, model("a"));
    const Running third(*this, model("a"));
    EXPECT_EQ(replicas(), 1U);
}

TEST_F(RunnerReplicasTest, TheOverheadOfCardsIsLeftFree) {
    gpus_ = {{"CUDA0", 24 * kGiB}};
    settings_.gpu_overhead_bytes = 24 * kGiB;
    EXPECT_EQ(generate_text(model("a"), "place"), "0");
}

TEST_F(RunnerReplicasTest, APromptGoesWhereItsBeginningWasComputed) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    const auto [first, second] = two_runners();
    const std::string known(1000, 'k');
    {
        const Running busy(*this, model("a"));  // on the first: it is the older of equals
        EXPECT_EQ(pid_for(known), second);
    }
    EXPECT_EQ(pid_for("something else"), first);
    EXPECT_EQ(pid_for(known + " and more"), second);
}

TEST_F(RunnerReplicasTest, WhoHasComputedItIsPassedOverWhenItIsBusy) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    const auto [first, second] = two_runners();
    const std::string known(1000, 'k');
    EXPECT_EQ(pid_for(known), first);
    const Running busy(*this, model("a"));
    EXPECT_EQ(pid_for(known), second);
}

TEST_F(RunnerReplicasTest, WhenOneDiesTheOthersServeOn) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    const auto [first, second] = two_runners();
    ASSERT_EQ(::kill(static_cast<pid_t>(std::stoi(first)), SIGKILL), 0);
    ASSERT_TRUE(eventually([this] { return replicas() == 1; }));
    EXPECT_EQ(pid_for("x"), second);
}

TEST_F(RunnerReplicasTest, ARunnerTooManyMakesRoomBeforeAnotherModelDoes) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    settings_.max_loaded = 2;
    const auto [first, second] = two_runners();
    // Room for one more only when one of "a" is gone.
    const auto spare = static_cast<pid_t>(std::stoi(first));
    probe_ = [spare] { return ::kill(spare, 0) == 0 ? kGiB / 2 : 100 * kGiB; };
    ASSERT_TRUE(generate(model("b"), "count 1"));
    EXPECT_EQ(loaded_names(), (std::vector<std::string>{"a", "b"}));
    for (const LoadedModel& one : engine().loaded(who_))
        EXPECT_EQ(one.replicas.size(), 1U) << one.name;
}

TEST_F(RunnerReplicasTest, UnloadingEndsAllOfThem) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    (void)two_runners();
    ASSERT_TRUE(engine().unload(who_, model("a").key));
    EXPECT_TRUE(engine().loaded(who_).empty());
    (void)two_runners();
    ASSERT_TRUE(generate(model("a"), "count 1", KeepAlive::zero()));
    EXPECT_TRUE(engine().loaded(who_).empty());
}

TEST_F(RunnerReplicasTest, AReloadWaitsForAllOfThem) {
    settings_.max_slots = 1;
    settings_.replicas = 2;
    (void)two_runners();
    ModelSource larger = model("a");
    larger.load.num_ctx = 8192;
    EXPECT_EQ(generate_text(larger, "count 1"), "0 ");
    EXPECT_EQ(only_loaded().context_length, 8192);
    EXPECT_EQ(replicas(), 1U);
}

TEST(GpuWatchTest, CardsAreAskedForInAnotherProcess) {
    const auto gpus = GpuWatch({fake_runner_path()}).look();
    ASSERT_EQ(gpus.size(), 2U);
    EXPECT_EQ(gpus[1].name, "FAKE1");
    EXPECT_EQ(gpus[1].free_bytes, 8U);
    EXPECT_TRUE(GpuWatch({"/no/such/program"}).look().empty());
}

// What is told while a model loads.
class LoadProgressTest : public RunnerEngineTest {
  protected:
    ModelSource gated() const {
        ModelSource source = model("gated");
        source.gguf = gate_;
        return source;
    }
    void open_gate() const { std::ofstream(gate_) << "open"; }
    std::vector<LoadProgress> steps() {
        const std::lock_guard lock(mutex_);
        return steps_;
    }
    bool saw_half() {
        const auto all = steps();
        return !all.empty() && all.back() == LoadProgress{kGiB / 2, kGiB};
    }
    // Sees what is told until `go_on` is false.
    std::string generate_watched(bool go_on = true) {
        GenerateRequest request;
        request.prompt = std::string("count 2");
        request.tell_loading = true;
        std::string text;
        const auto sink = [&](const GenerateEvent& event) {
            text += event.content;
            const std::lock_guard lock(mutex_);
            if (event.loading) steps_.push_back(*event.loading);
            return go_on || !event.loading || event.loading->completed_bytes == 0;
        };
        const auto done = engine().generate(who_, gated(), request, minutes(5), sink, {});
        return done ? text : std::string(to_string(done.error().code));
    }

    const TempDir folder_;
    const std::filesystem::path gate_ = folder_.path() / "gate";

  private:
    std::mutex mutex_;
    std::vector<LoadProgress> steps_;
};

TEST_F(LoadProgressTest, EventsTellHowFarTheLoadIsBeforeTheFirstToken) {
    std::jthread opens([this] {
        EXPECT_TRUE(eventually([this] { return saw_half(); }));
        open_gate();
    });
    EXPECT_EQ(generate_watched(), "0 1 ");
    const auto all = steps();
    ASSERT_GE(all.size(), 2U);
    EXPECT_EQ(all.front(), (LoadProgress{0, kGiB}));
    EXPECT_TRUE(std::ranges::is_sorted(all, {}, &LoadProgress::completed_bytes));
}

TEST_F(LoadProgressTest, WhoJoinsALoadIsToldToo) {
    std::jthread first([this] { EXPECT_EQ(generate_text(gated(), "count 1"), "0 "); });
    ASSERT_TRUE(eventually([this] { return !engine().loaded(who_).empty(); }));
    std::jthread opens([this] {
        EXPECT_TRUE(eventually([this] { return saw_half(); }));
        open_gate();
    });
    EXPECT_EQ(generate_watched(), "0 1 ");
}

TEST_F(LoadProgressTest, AModelThatLoadsIsListedAsSuch) {
    std::jthread first([this] { EXPECT_EQ(generate_text(gated(), "count 1"), "0 "); });
    ASSERT_TRUE(eventually([this] {
        const auto all = engine().loaded(who_);
        return all.size() == 1 && all[0].loading == LoadProgress{kGiB / 2, kGiB};
    }));
    EXPECT_EQ(only_loaded().context_length, 4096);
    EXPECT_EQ(only_loaded().expires_at, clock_.now() + minutes(5));
    EXPECT_EQ(only_loaded().queued, 1);
    open_gate();
    first.join();
    EXPECT_FALSE(only_loaded().loading);
}

TEST_F(LoadProgressTest, WhoGoesDoesNotEndTheLoad) {
    EXPECT_EQ(generate_watched(false), "cancelled");
    open_gate();
    EXPECT_TRUE(eventually([this] { return loaded_names().size() == 1; }));
}

TEST_F(LoadProgressTest, LoadingAloneIsToldToo) {
    std::vector<LoadProgress> told;
    open_gate();
    const auto progress = [&](const LoadProgress& step) {
        told.push_back(step);
        return true;
    };
    ASSERT_TRUE(engine().load(who_, gated(), minutes(5), progress, {}));
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.front(), (LoadProgress{0, kGiB}));
}

}  // namespace
}  // namespace moat::inference
