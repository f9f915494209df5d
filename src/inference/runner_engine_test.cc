#include "inference/runner_engine_fixture.h"

namespace moat::inference {

std::string fake_runner_path() {
    return MOAT_FAKE_RUNNER;
}

namespace {

TEST_F(RunnerEngineTest, EventsArriveInOrderAndTheResultAfterThem) {
    EXPECT_EQ(generate_text(model("a"), "count 5"), "0 1 2 3 4 ");
    const auto result = generate(model("a"), "count 3");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->generated_tokens, 3);
    EXPECT_EQ(result->tokens, (std::vector<std::int32_t>{1, 2, 3}));
}

TEST_F(RunnerEngineTest, TheFirstRequestLoadsAndTheSecondDoesNot) {
    const auto first = generate(model("a"), "count 1");
    const auto second = generate(model("a"), "count 1");
    ASSERT_TRUE(first && second);
    EXPECT_GT(first->load, Duration::zero());
    // Clients divide by it, and show it.
    EXPECT_GT(second->load, Duration::zero());
}

TEST_F(RunnerEngineTest, ManyRequestsAtOnceUseOneRunner) {
    std::vector<std::jthread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] { right += generate_text(model("a"), "count 3") == "0 1 2 "; });
    }
    threads.clear();
    EXPECT_EQ(right, 16);
    EXPECT_EQ(engine().loaded(who_).size(), 1U);
}

TEST_F(RunnerEngineTest, HelpersAnswerFromTheRunner) {
    const auto embedded = engine().embed(who_, model("a"), {{"four", "sixsix"}}, minutes(5), {});
    ASSERT_TRUE(embedded);
    EXPECT_EQ(embedded->vectors, (std::vector<std::vector<float>>{{4, 0}, {6, 1}}));
    const auto tokens = engine().tokenize(who_, model("a"), {"AB"}, {});
    ASSERT_TRUE(tokens);
    EXPECT_EQ(*tokens, (std::vector<std::int32_t>{65, 66}));
    EXPECT_EQ(*engine().detokenize(who_, model("a"), {72, 105}, {}), "Hi");
    ChatPrompt prompt;
    prompt.messages = {{.role = "user", .content = "你好"}};
    EXPECT_EQ(*engine().render(who_, model("a"), prompt, {}), "user: 你好\n");
}

TEST_F(RunnerEngineTest, ARunnerThatDiesFailsItsRequestsAndTheNextOneLoadsAgain) {
    for (const std::string prompt : {"die", "exit", "garbage"}) {
        Running other(*this, model("a"));
        const pid_t before = static_cast<pid_t>(only_loaded().pid);
        const auto result = generate(model("a"), prompt);
        ASSERT_FALSE(result) << prompt;
        EXPECT_EQ(result.error().code, ErrorCode::internal);
        EXPECT_EQ(result.error().message, kStopped);
        EXPECT_EQ(other.error().message, kStopped);
        EXPECT_EQ(generate_text(model("a"), "count 1"), "0 ");
        EXPECT_NE(only_loaded().pid, before);
    }
}

TEST_F(RunnerEngineTest, ARunnerKilledFromOutsideWhileItGeneratesIsReplaced) {
    Running running(*this, model("a"));
    ASSERT_EQ(::kill(static_cast<pid_t>(only_loaded().pid), SIGKILL), 0);
    const Error error = running.error();
    EXPECT_EQ(error.code, ErrorCode::internal);
    EXPECT_EQ(error.message, kStopped);
    EXPECT_EQ(generate_text(model("a"), "count 1"), "0 ");
}

TEST_F(RunnerEngineTest, ARunnerKilledWhileIdleIsNotListedAndIsReplaced) {
    ASSERT_TRUE(generate(model("a"), "count 1"));
    ASSERT_EQ(::kill(static_cast<pid_t>(only_loaded().pid), SIGKILL), 0);
    EXPECT_TRUE(eventually([this] { return loaded_names().empty(); }));
    EXPECT_EQ(generate_text(model("a"), "count 1"), "0 ");
}

TEST_F(RunnerEngineTest, ARunnerThatDiesWhileEmbeddingFailsTheRequest) {
    const auto result = engine().embed(who_, model("a"), {{"die"}}, minutes(5), {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, kStopped);
}

TEST_F(RunnerEngineTest, ALoadWithoutProgressTimesOut) {
    settings_.load_stall_limit = std::chrono::milliseconds(50);
    EXPECT_EQ(generate(model("hang"), "").error().code, ErrorCode::timed_out);
    EXPECT_TRUE(engine().loaded(who_).empty());
}

// Ollama's documentation of OLLAMA_LOAD_TIMEOUT: zero and less is no limit.
TEST_F(RunnerEngineTest, ANegativeLimitOfALoadIsNone) {
    settings_.load_stall_limit = std::chrono::milliseconds(-1);
    EXPECT_EQ(generate_text(model("a"), "count 1"), "0 ");
}

TEST_F(RunnerEngineTest, LoadFailuresHaveTheirOwnErrorsAndLeaveNothingBehind) {
    EXPECT_EQ(generate(model("garbage"), "").error().message, kStopped);
    EXPECT_EQ(generate(model("die"), "").error().message, kStopped);
    const auto refused = generate(model("refuse"), "");
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_EQ(refused.error().message, "this file does not load");
    EXPECT_TRUE(engine().loaded(who_).empty());
}

TEST_F(RunnerEngineTest, AProgramThatCannotStartIsAnError) {
    settings_.command = {"/no/such/program"};
    EXPECT_FALSE(generate(model("a"), ""));
}

TEST_F(RunnerEngineTest, AnAnswerOfTheWrongKindIsAnError) {
    EXPECT_EQ(generate(model("a"), "wrong").error().code, ErrorCode::internal);
}

TEST_F(RunnerEngineTest, ASinkThatSaysNoCancelsInTheRunner) {
    GenerateRequest request;
    request.prompt = std::string("wait");
    const auto result = engine().generate(
        who_, model("a"), request, minutes(5), [](const GenerateEvent&) { return false; }, {}
    );
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_EQ(generate_text(model("a"), "cancels"), "1");
}

TEST_F(RunnerEngineTest, AStopRequestCancelsInTheRunner) {
    Running running(*this, model("a"));
    running.stop();
    EXPECT_EQ(generate_text(model("a"), "cancels"), "1");
    EXPECT_EQ(only_loaded().busy, 0);
}

TEST_F(RunnerEngineTest, ARequestStoppedBeforeItBeganLoadsNothing) {
    std::stop_source stop;
    stop.request_stop();
    GenerateRequest request;
    const auto sink = [](const GenerateEvent&) { return true; };
    const auto result =
        engine().generate(who_, model("a"), request, minutes(5), sink, stop.get_token());
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(engine().loaded(who_).empty());
}

TEST_F(RunnerEngineTest, KeepAliveOfZeroUnloadsAtTheEnd) {
    ASSERT_TRUE(generate(model("a"), "count 1", KeepAlive::zero()));
    EXPECT_TRUE(engine().loaded(who_).empty());
}

TEST_F(RunnerEngineTest, KeepAliveCountsFromTheEndOfTheLastRequest) {
    ASSERT_TRUE(generate(model("a"), "count 1", minutes(5)));
    EXPECT_EQ(only_loaded().expires_at, clock_.now() + minutes(5));
    clock_.advance(299);
    engine().unload_expired();
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"a"});
    ASSERT_TRUE(generate(model("a"), "count 1", minutes(5)));
    clock_.advance(299);
    engine().unload_expired();
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"a"});
    clock_.advance(1);
    engine().unload_expired();
    EXPECT_TRUE(loaded_names().empty());
}

TEST_F(RunnerEngineTest, ABusyModelIsShownToExpireAfterTheKeepAliveOfItsRequest) {
    Running running(*this, model("a"), minutes(7));
    EXPECT_EQ(only_loaded().expires_at, clock_.now() + minutes(7));
    clock_.advance(3600);
    EXPECT_EQ(only_loaded().expires_at, clock_.now() + minutes(7));
    running.stop();
    clock_.advance(60);
    EXPECT_EQ(only_loaded().expires_at, clock_.now() + minutes(6));
}

TEST_F(RunnerEngineTest, NegativeKeepAliveIsForever) {
    ASSERT_TRUE(generate(model("a"), "count 1", seconds(-1)));
    clock_.advance(50LL * 365 * 86400);
    engine().unload_expired();
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"a"});
}

TEST_F(RunnerEngineTest, AHelperCallDoesNotShortenTheKeepAlive) {
    ASSERT_TRUE(generate(model("a"), "count 1", minutes(5)));
    ASSERT_TRUE(engine().tokenize(who_, model("a"), {"x"}, {}));
    EXPECT_EQ(only_loaded().expires_at, clock_.now() + minutes(5));
}

TEST_F(RunnerEngineTest, ARunningModelDoesNotExpire) {
    Running running(*this, model("a"), seconds(1));
    clock_.advance(3600);
    engine().unload_expired();
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"a"});
}

TEST_F(RunnerEngineTest, TheTimerUnloadsByItself) {
    const SystemClock system;
    RunnerEngine timed(
        settings_,
        system,
        [this](const ModelSource&) { return Result<ModelCost>(cost_); },
        [this] { return available_.load(); }
    );
    ASSERT_TRUE(timed.load(who_, model("a"), std::chrono::milliseconds(30), {}, {}));
    EXPECT_TRUE(eventually([&] { return timed.loaded(who_).empty(); }));
}

TEST_F(RunnerEngineTest, UnloadWaitsForTheRunningRequest) {
    Running running(*this, model("a"));
    ASSERT_TRUE(engine().unload(who_, model("a").key));
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"a"});
    running.stop();
    EXPECT_TRUE(loaded_names().empty());
    EXPECT_TRUE(engine().unload(who_, "never loaded"));
}

TEST_F(RunnerEngineTest, TheIdleModelThatExpiresFirstMakesRoom) {
    settings_.max_loaded = 2;
    ASSERT_TRUE(generate(model("a"), "count 1", minutes(10)));
    ASSERT_TRUE(generate(model("b"), "count 1", minutes(5)));
    ASSERT_TRUE(generate(model("c"), "count 1", minutes(5)));
    EXPECT_EQ(loaded_names(), (std::vector<std::string>{"a", "c"}));
}

TEST_F(RunnerEngineTest, ABusyModelIsNotEvictedAndTheOtherWaits) {
    settings_.max_loaded = 1;
    Running running(*this, model("a"));
    std::atomic<bool> done = false;
    std::jthread second([&] {
        EXPECT_EQ(generate_text(model("b"), "count 1"), "0 ");
        done = true;
    });
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"a"});
    EXPECT_FALSE(done);
    running.stop();
    second.join();
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"b"});
}

TEST_F(RunnerEngineTest, EveryCallThatWaitsForRoomEndsWhenItsClientGoes) {
    settings_.max_loaded = 1;
    const Running running(*this, model("a"));
    std::stop_source stop;
    // The last thing before a call waits is to ask what the model needs.
    on_cost_ = [&] { stop.request_stop(); };
    const auto code_of = [&](const auto& call) {
        stop = {};
        const auto result = call(stop.get_token());
        EXPECT_TRUE(stop.stop_requested());
        return result ? ErrorCode::internal : result.error().code;
    };
    const ModelSource other = model("b");
    const auto render = [&](auto token) { return engine().render(who_, other, {}, token); };
    const auto tokenize = [&](auto token) { return engine().tokenize(who_, other, {"x"}, token); };
    const auto detokenize = [&](auto token) { return engine().detokenize(who_, other, {}, token); };
    const auto load = [&](auto token) { return engine().load(who_, other, minutes(5), {}, token); };
    EXPECT_EQ(code_of(render), ErrorCode::cancelled);
    EXPECT_EQ(code_of(tokenize), ErrorCode::cancelled);
    EXPECT_EQ(code_of(detokenize), ErrorCode::cancelled);
    EXPECT_EQ(code_of(load), ErrorCode::cancelled);
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"a"});
}

TEST_F(RunnerEngineTest, AFullQueueIsBusyInOllamasWords) {
    settings_.max_slots = 1;
    settings_.max_queue = 1;
    Running first(*this, model("a"));
    Running second(*this, model("a"));  // the fake runs it; by the engine's count it queues
    const auto third = generate(model("a"), "count 1");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::busy);
    EXPECT_EQ(
        third.error().message, "server busy, please try again.  maximum pending requests exceeded"
    );
    EXPECT_EQ(only_loaded().busy, 1);
    EXPECT_EQ(only_loaded().queued, 1);
}

TEST_F(RunnerEngineTest, AModelThatCannotFitIsRefusedWithTheArithmetic) {
    available_ = 2 * kGiB;
    cost_ = {.file_bytes = 3 * kGiB, .cache_bytes_per_token = 262144, .trained_context = 8192};
    const auto result = generate(model("a"), "count 1");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::too_large);
    // 3 GiB + 4096 tokens of 256 KiB (1 GiB) + 0.25 GiB; 95 % of 2 GiB.
    EXPECT_TRUE(result.error().message.contains("(4.2 GiB) than is available (1.9 GiB)"))
        << result.error().message;
    EXPECT_TRUE(result.error().message.contains("4096 tokens 1.0 GiB")) << result.error().message;
}

TEST_F(RunnerEngineTest, AnIdleModelIsUnloadedWhenItsMemoryIsNeeded) {
    ASSERT_TRUE(generate(model("a"), "count 1"));
    available_ = kGiB;
    std::jthread frees([&] {
        EXPECT_TRUE(eventually([&] { return loaded_names().empty(); }));
        available_ = 100 * kGiB;
    });
    // Whether it sees the memory come back or not is a race; that "a" went is not.
    (void)generate(model("b"), "count 1");
    frees.join();
    EXPECT_TRUE(generate(model("b"), "count 1"));
    EXPECT_EQ(loaded_names(), std::vector<std::string>{"b"});
}

TEST_F(RunnerEngineTest, ARequestWaitsForTheMemoryOfARunnerThatIsEnding) {
    ASSERT_TRUE(generate(model("lingers"), "count 1"));
    const auto pid = static_cast<pid_t>(only_loaded().pid);
    probe_ = [pid] { return ::kill(pid, 0) == 0 ? kGiB / 2 : 100 * kGiB; };
    std::jthread first([&] { EXPECT_TRUE(generate(model("b"), "count 1")); });
    EXPECT_TRUE(eventually([&] { return std::ranges::count(loaded_names(), "lingers") == 0; }));
    const auto second = generate(model("c"), "count 1");
    EXPECT_TRUE(second) << second.error().message;
}

TEST_F(RunnerEngineTest, SlotsAreAsManyAsMemoryAllows) {
    cost_ = {.file_bytes = 0, .cache_bytes_per_token = 262144, .trained_context = 8192};
    ASSERT_TRUE(generate(model("a"), "count 1"));
    EXPECT_EQ(only_loaded().slots, 16);
    EXPECT_EQ(only_loaded().context_length, 4096);
    // Half of what is left of it is 1.06 GiB, 4,352 tokens: one context, which four may share.
    available_ = 5 * kGiB / 2;
    ASSERT_TRUE(engine().unload(who_, model("a").key));
    ASSERT_TRUE(generate(model("b"), "count 1"));
    EXPECT_EQ(only_loaded().slots, 4);
}

TEST_F(RunnerEngineTest, WhatALoadWouldCostIsToldWithoutLoading) {
    cost_ = {.file_bytes = kGiB, .cache_bytes_per_token = 65536, .trained_context = 8192};
    available_ = 4 * kGiB;
    const auto fit = engine().fit(who_, model("a"));
    ASSERT_TRUE(fit);
    EXPECT_TRUE(fit->fits);
    EXPECT_EQ(fit->context_length, 4096);
    EXPECT_EQ(fit->available_bytes, 4 * kGiB - 4 * kGiB / 20);
    EXPECT_EQ(fit->pool, 4 * 4096);
    EXPECT_EQ(fit->slots, 16);
    EXPECT_EQ(fit->needed_bytes, kGiB + fit->workspace_bytes + 4 * 4096 * 65536ULL);
    EXPECT_TRUE(engine().loaded(who_).empty());

    available_ = kGiB;
    EXPECT_FALSE(engine().fit(who_, model("a"))->fits);
}

TEST_F(RunnerEngineTest, OnlyALargerContextLoadsAgain) {
    ModelSource source = model("a");
    source.load.num_ctx = 2048;
    ASSERT_TRUE(generate(source, "count 1"));
    const auto first = only_loaded();
    EXPECT_EQ(first.context_length, 2048);
    source.load.num_ctx = 1024;
    ASSERT_TRUE(generate(source, "count 1"));
    source.load.num_ctx = 0;
    ASSERT_TRUE(generate(source, "count 1"));
    EXPECT_EQ(only_loaded().pid, first.pid);
    source.load.num_ctx = 4096;
    ASSERT_TRUE(generate(source, "count 1"));
    EXPECT_NE(only_loaded().pid, first.pid);
    EXPECT_EQ(only_loaded().context_length, 4096);
}

TEST_F(RunnerEngineTest, AContextBeyondTheTrainedOneIsCutAndDoesNotLoadAgain) {
    ModelSource source = model("a");
    source.load.num_ctx = 100000;
    ASSERT_TRUE(generate(source, "count 1"));
    const auto first = only_loaded();
    EXPECT_EQ(first.context_length, 8192);
    ASSERT_TRUE(generate(source, "count 1"));
    EXPECT_EQ(only_loaded().pid, first.pid);
}

TEST_F(RunnerEngineTest, AReloadWaitsForTheRunningRequest) {
    Running running(*this, model("a"));
    ModelSource larger = model("a");
    larger.load.num_ctx = 8192;
    std::jthread second([&] { EXPECT_EQ(generate_text(larger, "count 1"), "0 "); });
    const auto first = only_loaded();
    EXPECT_EQ(first.context_length, 4096);
    running.stop();
    second.join();
    EXPECT_EQ(only_loaded().context_length, 8192);
}

}  // namespace
}  // namespace moat::inference
