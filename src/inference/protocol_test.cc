#include "inference/protocol.h"

#include <limits>

#include <gtest/gtest.h>

namespace moat::inference {
namespace {

// Through the text a socket would carry.
Frame carried(const Frame& frame) {
    auto header = json::read(json::write(frame.header));
    EXPECT_TRUE(header);
    return {header->get_object(), frame.payload};
}

template <class T>
T through(const Command& command) {
    auto back = parse_command(carried(to_frame(command)));
    EXPECT_TRUE(back) << back.error().message;
    return std::get<T>(*back);
}

template <class T>
T through(const Reply& reply) {
    auto back = parse_reply(carried(to_frame(reply)));
    EXPECT_TRUE(back) << back.error().message;
    return std::get<T>(*back);
}

TEST(ProtocolTest, LoadKeepsPathsThatAreNotText) {
    LoadCommand command;
    command.model.key = "k";
    command.model.name = "n";
    command.model.gguf = "/m/\xff\xfe.gguf";
    command.model.adapters = {"/a", "/b"};
    command.model.shards = {"/s1", "/s2"};
    command.model.embedding = true;
    command.model.load = {7, 8, 9, 10, 0, false};
    command.context_length = 11;
    command.slots = 12;
    command.pool = 13;
    command.states = {1ULL << 40, "/s/\xff", 1ULL << 41};
    command.model.load.flash_attention = false;
    command.model.load.cache_type = "q8_0";
    command.gpus = {"CUDA1", "CUDA0"};
    command.gpu_layers = 14;
    const auto back = through<LoadCommand>(command);
    EXPECT_EQ(back.gpus, command.gpus);
    EXPECT_EQ(back.gpu_layers, 14);
    EXPECT_EQ(back.model.gguf, command.model.gguf);
    EXPECT_EQ(back.model.adapters, command.model.adapters);
    EXPECT_EQ(back.model.shards, command.model.shards);
    EXPECT_TRUE(back.model.projector.empty());
    EXPECT_TRUE(back.model.embedding);
    EXPECT_EQ(back.model.load.num_ctx, 7);
    EXPECT_EQ(back.model.load.num_batch, 8);
    EXPECT_EQ(back.model.load.flash_attention, false);
    EXPECT_EQ(back.model.load.cache_type, "q8_0");
    EXPECT_EQ(back.model.load.num_gpu, 9);
    EXPECT_EQ(back.model.load.num_thread, 10);
    EXPECT_EQ(back.model.load.main_gpu, 0);
    EXPECT_EQ(back.model.load.use_mmap, false);
    EXPECT_EQ(back.context_length, 11);
    EXPECT_EQ(back.slots, 12);
    EXPECT_EQ(back.pool, 13);
    EXPECT_EQ(back.states.memory_bytes, 1ULL << 40);
    EXPECT_EQ(back.states.folder, command.states.folder);
    EXPECT_EQ(back.states.disk_bytes, 1ULL << 41);
}

TEST(ProtocolTest, CardsKeepTheirMemory) {
    (void)through<GpusCommand>(Command(GpusCommand{}));
    const auto back = through<GpusReply>(Reply(GpusReply{{{"CUDA0", 1ULL << 40}, {"CUDA1", 0}}}));
    ASSERT_EQ(back.gpus.size(), 2U);
    EXPECT_EQ(back.gpus[0].name, "CUDA0");
    EXPECT_EQ(back.gpus[0].free_bytes, 1ULL << 40);
    EXPECT_EQ(back.gpus[1].free_bytes, 0U);
}

TEST(ProtocolTest, GenerateKeepsEveryOption) {
    GenerateCommand command{5, "anna", {}};
    GenerateRequest& r = command.request;
    r.prompt = std::vector<std::int32_t>{1, -2, 2147483647};
    r.add_bos = false;
    r.sampling = {
        .seed = 1LL << 40,
        .temperature = 0.1F,
        .top_k = 3,
        .top_p = 0.25F,
        .min_p = 0.5F,
        .typical_p = 0.75F,
        .repeat_last_n = -1,
        .repeat_penalty = 1.1F,
        .presence_penalty = 0.3F,
        .frequency_penalty = 0.4F,
        .mirostat = 2,
        .mirostat_tau = 4.5F,
        .mirostat_eta = 0.2F,
        .dry_multiplier = 0.8F,
        .dry_base = 1.5F,
        .dry_allowed_length = 4,
        .dry_penalty_last_n = 77,
        .dry_sequence_breakers = {"\n", "。"},
        .xtc_probability = 0.6F,
        .xtc_threshold = 0.2F,
        .top_n_sigma = 1.25F,
        .dynatemp_range = 0.7F,
        .dynatemp_exponent = 1.5F,
        .logit_bias = {{.text = {}, .token = 7, .bias = -100}, {.text = "的", .bias = 2.5F}}
    };
    r.thought = ThoughtMarks{.open = "<think>", .close = "</think>", .begun = true};
    r.calls = ForcedCalls{.before = "<call>", .schema = "{\"type\":\"object\"}", .several = true};
    r.shown_tokens = {"<think>", "</think>"};
    r.stop = {"\n\n", "结束"};
    r.num_predict = 9;
    r.num_keep = 10;
    r.shift = false;
    r.grammar = "root ::= \"x\"";
    r.json_schema = "{}";
    r.top_logprobs = 20;
    r.cache_domain = "d";
    r.public_messages = 2;
    r.public_text = "p";
    const auto back = through<GenerateCommand>(command);
    EXPECT_EQ(back.id, 5U);
    EXPECT_EQ(std::get<1>(back.request.prompt), std::get<1>(r.prompt));
    EXPECT_FALSE(back.request.add_bos);
    EXPECT_EQ(back.request.sampling, r.sampling);
    ASSERT_TRUE(back.request.thought);
    EXPECT_EQ(back.request.thought->open, "<think>");
    EXPECT_EQ(back.request.thought->close, "</think>");
    EXPECT_TRUE(back.request.thought->begun);
    ASSERT_TRUE(back.request.calls);
    EXPECT_EQ(back.request.calls->before, "<call>");
    EXPECT_EQ(back.request.calls->schema, r.calls->schema);
    EXPECT_TRUE(back.request.calls->several);
    EXPECT_EQ(back.request.shown_tokens, r.shown_tokens);
    EXPECT_EQ(back.request.stop, r.stop);
    EXPECT_EQ(back.request.num_predict, 9);
    EXPECT_EQ(back.request.num_keep, 10);
    EXPECT_FALSE(back.request.shift);
    EXPECT_EQ(back.request.grammar, r.grammar);
    EXPECT_EQ(back.request.json_schema, "{}");
    EXPECT_EQ(back.request.top_logprobs, 20);
    EXPECT_EQ(back.request.cache_domain, "d");
    EXPECT_EQ(back.request.public_messages, 2U);
    EXPECT_EQ(back.request.public_text, "p");
    EXPECT_EQ(back.owner, "anna");
}

TEST(ProtocolTest, ImagesTravelAsTheyAreBeforeTheTokens) {
    GenerateCommand command{5, "anna", {}};
    command.request.media = {std::string("\0\xff\n", 3), "", "second"};
    command.request.media_nonce = "0a1b";
    command.request.prompt = std::vector<std::int32_t>{7, -1, 9};
    const auto back = through<GenerateCommand>(command).request;
    EXPECT_EQ(back.media, command.request.media);
    EXPECT_EQ(back.media_nonce, "0a1b");
    EXPECT_EQ(std::get<1>(back.prompt), (std::vector<std::int32_t>{7, -1, 9}));
}

TEST(ProtocolTest, ChatKeepsMessagesAndTools) {
    ChatPrompt prompt;
    prompt.messages = {
        {.role = "user", .content = "看"},
        {.role = "assistant",
         .content = "",
         .thinking = "hm",
         .tool_calls = {{"id1", "f", json::Object{{"z", 1}, {"a", 2}}}}},
        {.role = "tool", .content = "r", .tool_name = "f", .tool_call_id = "id1"},
    };
    prompt.tools = json::Array{json::Object{{"type", "function"}}};
    prompt.think = false;
    prompt.tool_choice = "auto";
    const auto back = through<RenderCommand>(RenderCommand{3, prompt}).prompt;
    ASSERT_EQ(back.messages.size(), 3U);
    EXPECT_EQ(back.messages[0].content, "看");
    EXPECT_EQ(back.messages[1].thinking, "hm");
    ASSERT_EQ(back.messages[1].tool_calls.size(), 1U);
    EXPECT_EQ(json::write(back.messages[1].tool_calls[0].arguments), R"({"z":1,"a":2})");
    EXPECT_EQ(back.messages[2].tool_call_id, "id1");
    EXPECT_EQ(json::write(back.tools), R"([{"type":"function"}])");
    EXPECT_EQ(back.think, false);
    EXPECT_EQ(back.tool_choice, "auto");
}

TEST(ProtocolTest, TextThatIsNotUtf8StillTravels) {
    const auto back = through<TokenizeCommand>(TokenizeCommand{1, {"a\xff", false, true}});
    EXPECT_EQ(back.text.text, "a\xef\xbf\xbd");
    EXPECT_FALSE(back.text.add_special);
    EXPECT_TRUE(back.text.parse_special);
}

TEST(ProtocolTest, TextsToRankTravelWithTheirQuery) {
    EmbedCommand command{3, {{"a", "b"}, false, false, "which?"}};
    const auto back = through<EmbedCommand>(command).request;
    EXPECT_EQ(back.texts, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(back.query, "which?");
    EXPECT_FALSE(back.truncate);
    command.request.query.reset();
    EXPECT_FALSE(through<EmbedCommand>(command).request.query);
}

TEST(ProtocolTest, LogprobsKeepHalvesOfCharacters) {
    EventReply reply{9, {"x", "t", {}, {}}};
    reply.event.logprobs = {{"\xe4\xbd", -0.5F, {{"\xe4\xbd", -0.5F}, {"\xff", -3.25F}}}};
    reply.event.logprobs[0].top.push_back({"never", -std::numeric_limits<float>::infinity()});
    const auto back = through<EventReply>(reply);
    EXPECT_EQ(back.event.content, "x");
    EXPECT_EQ(back.event.thinking, "t");
    ASSERT_EQ(back.event.logprobs.size(), 1U);
    EXPECT_EQ(back.event.logprobs[0].token, "\xe4\xbd");
    EXPECT_EQ(back.event.logprobs[0].logprob, -0.5F);
    ASSERT_EQ(back.event.logprobs[0].top.size(), 3U);
    EXPECT_EQ(back.event.logprobs[0].top[1].token, "\xff");
    EXPECT_EQ(back.event.logprobs[0].top[1].logprob, -3.25F);
    EXPECT_EQ(back.event.logprobs[0].top[2].logprob, -std::numeric_limits<float>::infinity());
}

TEST(ProtocolTest, ResultsKeepCountsTokensAndTimes) {
    GeneratedReply reply{4, {}};
    reply.result.reason = FinishReason::length;
    reply.result.stop_string = "\n";
    reply.result.prompt_tokens = 1;
    reply.result.cached_tokens = 2;
    reply.result.generated_tokens = 3;
    reply.result.tokens = {7, 8};
    reply.result.prompt = Duration(10);
    reply.result.generate = Duration(11);
    reply.result.total = Duration(1LL << 50);
    const auto back = through<GeneratedReply>(reply).result;
    EXPECT_EQ(back.reason, FinishReason::length);
    EXPECT_EQ(back.stop_string, "\n");
    EXPECT_EQ(back.prompt_tokens, 1);
    EXPECT_EQ(back.cached_tokens, 2);
    EXPECT_EQ(back.generated_tokens, 3);
    EXPECT_EQ(back.tokens, (std::vector<std::int32_t>{7, 8}));
    EXPECT_EQ(back.total, Duration(1LL << 50));
}

TEST(ProtocolTest, VectorsAreExact) {
    EmbeddedReply reply{4, {}};
    reply.result.vectors = {{0.1F, -1e-30F}, {3.4e38F, 0}};
    reply.result.prompt_tokens = 6;
    const auto back = through<EmbeddedReply>(reply).result;
    EXPECT_EQ(back.vectors, reply.result.vectors);
    EXPECT_EQ(back.prompt_tokens, 6);
    EXPECT_TRUE(through<EmbeddedReply>(EmbeddedReply{1, {}}).result.vectors.empty());
}

TEST(ProtocolTest, EveryErrorCodeSurvives) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
        const Error error{static_cast<ErrorCode>(code), "why"};
        EXPECT_EQ(through<ErrorReply>(ErrorReply{2, error}).error.code, error.code);
    }
}

TEST(ProtocolTest, DamagedFramesAreCorruptNotCrashes) {
    const auto header = [](std::string_view text) { return json::read(text)->get_object(); };
    const std::vector<Frame> frames = {
        {header("{}"), ""},
        {header(R"({"type":5,"id":1})"), ""},
        {header(R"({"type":"load"})"), ""},
        {header(R"({"type":"generate"})"), ""},
        {header(R"({"type":"generate","id":1})"), ""},
        {header(R"({"type":"generate","id":1,"request":{}})"), ""},
        {header(R"({"type":"detokenize","id":1})"), "123"},
        {header(R"({"type":"generate","id":1,"request":{"media":[9],"prompt":{"text":""}}})"), "12"
        },
        {header(R"({"type":"generate","id":1,"request":{"media":[-9],"prompt":{"text":""}}})"), "1"
        },
        {header(R"({"type":"generate","id":1,"request":{"media":[1],"prompt":{"tokens":1}}})"), "12"
        },
        {header(R"({"type":"load","model":{"gguf":"***"}})"), ""},
    };
    for (const Frame& frame : frames) {
        const auto command = parse_command(frame);
        ASSERT_FALSE(command) << json::write(frame.header);
    }
    const std::vector<Frame> replies = {
        {header("{}"), ""},
        {header(R"({"type":"event"})"), ""},
        {header(R"({"type":"embedded","id":1,"count":3})"), "12345678"},
        {header(R"({"type":"embedded","id":1,"count":9000000000000})"), ""},
        {header(R"({"type":"embedded","id":1,"count":0})"), "1234"},
        {header(R"({"type":"tokens","id":1})"), "12345"},
    };
    for (const Frame& frame : replies) {
        ASSERT_FALSE(parse_reply(frame)) << json::write(frame.header);
    }
}

}  // namespace
}  // namespace moat::inference
