#include "inference/model_runtime.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "inference/scripted_engine.h"
#include "models/gguf_builder.h"
#include "models/test_install.h"

namespace moat::inference {
namespace {

using models::ChatMessage;
using models::CreateRequest;
using models::GgufBuilder;

const Principal kAdmin{.id = "a", .name = "a", .role = Role::admin};

GenerateEvent says(std::string content) {
    GenerateEvent event;
    event.content = std::move(content);
    return event;
}

struct ModelRuntimeTest : testing::Test {
    TempDir dir;
    models::ModelStore store = *models::ModelStore::open(dir.path());
    ScriptedEngine engine;
    ModelRuntime runtime{store, engine, RuntimeSettings{}};

    static GgufBuilder file(std::string_view jinja) {
        GgufBuilder builder;
        builder.text("general.architecture", "llama").u32("llama.context_length", 8192);
        if (!jinja.empty()) builder.text("tokenizer.chat_template", jinja);
        builder.tensor("w", {1}, "1234");
        return builder;
    }
    void install_encoder() {
        GgufBuilder encoder;
        encoder.text("general.architecture", "bert")
            .u32("bert.pooling_type", 1)
            .tensor("w", {1}, "1234");
        install({.name = "enc"}, encoder);
    }
    void install(CreateRequest request, const GgufBuilder& builder) {
        models::install(store, kAdmin, std::move(request), builder.bytes());
    }
    Result<GenerateResult> chat(ChatRequest request) {
        thinking.clear();
        content.clear();
        const auto sink = [this](const GenerateEvent& event) {
            thinking += event.thinking;
            content += event.content;
            calls.insert(calls.end(), event.tool_calls.begin(), event.tool_calls.end());
            return true;
        };
        return runtime.chat(kAdmin, request, sink, {});
    }
    Result<GenerateResult> complete(CompletionRequest request) {
        return runtime.complete(kAdmin, request, [](const GenerateEvent&) { return true; }, {});
    }
    std::string error_of(ChatRequest request) {
        const auto result = chat(std::move(request));
        return result ? "no error" : result.error().message;
    }
    std::string prompt() const { return std::get<std::string>(engine.requests.back().prompt); }

    std::string thinking;
    std::string content;
    std::vector<models::ToolCall> calls;
};

ChatRequest ask(std::string model, std::vector<ChatMessage> messages) {
    ChatRequest request;
    request.model = std::move(model);
    request.messages = std::move(messages);
    return request;
}

constexpr std::string_view kGo =
    "{{ range .Messages }}<{{ .Role }}>{{ .Content }}{{ end }}<assistant>";
constexpr std::string_view kGoThinking =
    "{{ range .Messages }}<{{ .Role }}>{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}"
    "{{ .Content }}{{ end }}{{ if .Tools }}{{ .Tools }}{{ range .Messages }}{{ range .ToolCalls }}"
    "<call>{{ end }}{{ end }}{{ end }}<assistant>";

TEST_F(ModelRuntimeTest, AModelWithoutATemplateIsPromptedByItsFile) {
    install({.name = "m", .system = "Be kind."}, file("{{ jinja }}"));
    ASSERT_TRUE(chat(ask("m", {{.role = "user", .content = "Hi"}})));
    const auto& prompt = std::get<ChatPrompt>(engine.requests.back().prompt);
    ASSERT_EQ(prompt.messages.size(), 2U);
    EXPECT_EQ(prompt.messages[0].role, "system");
    EXPECT_EQ(prompt.messages[0].content, "Be kind.");
    EXPECT_EQ(engine.requests.back().cache_domain, "a");
    EXPECT_EQ(engine.last_model.name, "m:latest");
    EXPECT_EQ(engine.last_keep_alive, std::chrono::minutes(5));
}

TEST_F(ModelRuntimeTest, OnlyTheModelsOwnWordsArePublic) {
    install({.name = "go", .prompt_template = std::string(kGo), .system = "Mine."}, file(""));
    const ChatMessage hi{.role = "user", .content = "Hi"};
    ASSERT_TRUE(chat(ask("go", {hi})));
    EXPECT_EQ(engine.requests.back().public_text, "<system>Mine.<assistant>");
    ASSERT_TRUE(chat(ask("go", {{.role = "system", .content = "Yours."}, hi})));
    EXPECT_EQ(engine.requests.back().public_text, "");
    ChatRequest declared = ask("go", {{.role = "system", .content = "Known."}, hi});
    declared.public_messages = 1;
    ASSERT_TRUE(chat(declared));
    EXPECT_EQ(engine.requests.back().public_text, "<system>Known.<assistant>");

    install({.name = "jinja", .system = "Be kind."}, file("{{ jinja }}"));
    ASSERT_TRUE(chat(ask("jinja", {hi})));
    EXPECT_EQ(engine.requests.back().public_messages, 1U);
    ASSERT_TRUE(chat(ask("jinja", {{.role = "system", .content = "Yours."}, hi})));
    EXPECT_EQ(engine.requests.back().public_messages, 0U);

    CompletionRequest completion;
    completion.model = "go";
    completion.prompt = "Hi";
    ASSERT_TRUE(complete(completion));
    EXPECT_EQ(engine.requests.back().public_text, "<system>Mine.<assistant>");
    completion.system = "Yours.";
    ASSERT_TRUE(complete(completion));
    EXPECT_EQ(engine.requests.back().public_text, "");
}

TEST_F(ModelRuntimeTest, TheRequestsOwnSystemMessageWins) {
    install({.name = "m", .prompt_template = std::string(kGo), .system = "Mine."}, file(""));
    ASSERT_TRUE(
        chat(ask("m", {{.role = "system", .content = "Yours."}, {.role = "user", .content = "Hi"}}))
    );
    EXPECT_EQ(prompt(), "<system>Yours.<user>Hi<assistant>");
    ASSERT_TRUE(chat(ask("m", {{.role = "user", .content = "Hi"}})));
    EXPECT_EQ(prompt(), "<system>Mine.<user>Hi<assistant>");
}

TEST_F(ModelRuntimeTest, OptionsOfTheRequestWinOverParametersOverDefaults) {
    CreateRequest create{.name = "m", .prompt_template = std::string(kGo)};
    create.parameters = {{"temperature", 0.25}, {"top_k", 7}, {"stop", {"X"}}};
    install(create, file(""));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.options =
        *json::read(R"({"top_k":9,"seed":42,"num_ctx":100000,"unknown":1,"min_p":null})");
    ASSERT_TRUE(chat(request));
    const GenerateRequest& got = engine.requests.back();
    EXPECT_FLOAT_EQ(got.sampling.temperature, 0.25F);
    EXPECT_EQ(got.sampling.top_k, 9);
    EXPECT_EQ(got.sampling.seed, 42);
    EXPECT_FLOAT_EQ(got.sampling.top_p, 0.9F);
    EXPECT_FLOAT_EQ(got.sampling.repeat_penalty, 1.0F);
    EXPECT_EQ(got.stop, std::vector<std::string>{"X"});
    EXPECT_EQ(engine.last_model.load.num_ctx, 8192);  // no more than it was trained on
    EXPECT_EQ(got.num_predict, 81920);
    ASSERT_TRUE(chat(ask("m", {{.role = "user", .content = "Hi"}})));
    EXPECT_EQ(engine.last_model.load.num_ctx, 4096);
}

TEST_F(ModelRuntimeTest, WrongTypesOfOptionsAreNamed) {
    install({.name = "m"}, file("j"));
    const auto with = [](std::string_view options) {
        auto request = ask("m", {{.role = "user", .content = "Hi"}});
        request.options = *json::read(options);
        return request;
    };
    EXPECT_EQ(error_of(with(R"({"seed":"x"})")), "option \"seed\" must be of type integer");
    EXPECT_EQ(error_of(with(R"({"top_p":true})")), "option \"top_p\" must be of type float32");
    EXPECT_EQ(error_of(with(R"({"use_mmap":1})")), "option \"use_mmap\" must be of type boolean");
    EXPECT_EQ(error_of(with(R"({"stop":"x"})")), "option \"stop\" must be of type array");
    EXPECT_EQ(engine.requests.size(), 0U);
}

TEST_F(ModelRuntimeTest, WhatAModelCannotDoIsRefused) {
    install_encoder();
    install({.name = "plain"}, file("plain"));
    const std::vector<ChatMessage> hi = {{.role = "user", .content = "Hi"}};
    EXPECT_EQ(error_of(ask("none", hi)), "model 'none' not found");
    EXPECT_EQ(error_of(ask("enc", hi)), "\"enc\" does not support chat");
    auto with_tools = ask("plain", hi);
    with_tools.tools = *json::read(R"([{"type":"function","function":{"name":"f"}}])");
    EXPECT_EQ(
        error_of(with_tools), "registry.ollama.ai/library/plain:latest does not support tools"
    );
    auto with_image = ask("plain", hi);
    with_image.messages[0].images = {"bytes"};
    EXPECT_EQ(
        error_of(with_image), "registry.ollama.ai/library/plain:latest does not support vision"
    );
    auto thinking_on = ask("plain", hi);
    thinking_on.think = true;
    EXPECT_EQ(error_of(thinking_on), "\"plain\" does not support thinking");
    auto bad_format = ask("plain", hi);
    bad_format.format = "xml";
    EXPECT_EQ(
        error_of(bad_format),
        "invalid format: \"xml\"; expected \"json\" or a valid JSON Schema object"
    );
    CompletionRequest generate;
    generate.model = "enc";
    EXPECT_EQ(complete(generate).error().message, "\"enc\" does not support generate");
    generate.model = "plain";
    generate.suffix = "x";
    EXPECT_EQ(complete(generate).error().message, "plain does not support insert");
    EXPECT_EQ(complete(generate).error().code, ErrorCode::unsupported);
    EmbeddingRequest embed;
    embed.model = "plain";
    EXPECT_EQ(runtime.embed(kAdmin, embed, {}).error().code, ErrorCode::unsupported);
}

TEST_F(ModelRuntimeTest, ThinkingAndToolCallsAreReadFromATemplatedAnswer) {
    install({.name = "m", .prompt_template = std::string(kGoThinking)}, file(""));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.tools = *json::read(R"([{"type":"function","function":{"name":"f"}}])");
    engine.runs = {
        {.events =
             {says("<think>Hm"),
              says("</think>Well <ca"),
              says("ll>{\"name\":\"f\",\"arguments\":{\"a\":1}}")},
         .result = {},
         .error = {}}
    };
    ASSERT_TRUE(chat(request));
    EXPECT_EQ(thinking, "Hm");
    EXPECT_EQ(content, "Well ");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].name, "f");
    EXPECT_EQ(json::write(calls[0].arguments), R"({"a":1})");
    EXPECT_TRUE(calls[0].id.starts_with("call_"));
    EXPECT_TRUE(prompt().contains(R"("name":"f")"));
}

TEST_F(ModelRuntimeTest, WithThinkingOffTheAnswerIsLeftAlone) {
    install({.name = "m", .prompt_template = std::string(kGoThinking)}, file(""));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.think = false;
    engine.runs = {{.events = {says("<think>x</think>y")}, .result = {}, .error = {}}};
    ASSERT_TRUE(chat(request));
    EXPECT_EQ(content, "<think>x</think>y");
}

TEST_F(ModelRuntimeTest, AFormatAppliesAfterTheThoughtInOneRun) {
    install({.name = "m", .prompt_template = std::string(kGoThinking)}, file(""));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.format = *json::read(R"({"type":"object"})");
    engine.runs = {{.events = {says("<think>Hm</think>\n{\"a\":1}")}, .result = {}, .error = {}}};
    ASSERT_TRUE(chat(request));
    EXPECT_EQ(thinking, "Hm");
    EXPECT_EQ(content, "{\"a\":1}");
    ASSERT_EQ(engine.requests.size(), 1U);
    const GenerateRequest& got = engine.requests[0];
    EXPECT_EQ(got.json_schema, R"({"type":"object"})");
    ASSERT_TRUE(got.thought);
    EXPECT_EQ(got.thought->open, "<think>");
    EXPECT_EQ(got.thought->close, "</think>");
    EXPECT_FALSE(got.thought->begun);
    // Were the marks control tokens, their text would be needed all the same.
    EXPECT_EQ(got.shown_tokens, (std::vector<std::string>{"<think>", "</think>"}));

    request.think = false;
    ASSERT_TRUE(chat(request));
    EXPECT_FALSE(engine.requests.back().thought);
}

TEST_F(ModelRuntimeTest, ToolsThatMustBeCalledBindTheAnswer) {
    install({.name = "m", .prompt_template = std::string(kGoThinking)}, file(""));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.tools = *json::read(
        R"([{"type":"function","function":{"name":"add","parameters":{"type":"object",
        "properties":{"a":{"type":"integer"}},"required":["a"]}}}])"
    );
    request.tool_choice = "auto";
    ASSERT_TRUE(chat(request));
    EXPECT_FALSE(engine.requests.back().calls);
    request.tool_choice = "required";
    engine.runs = {
        {.events = {says("<think>Hm</think><call>{\"name\":\"add\",\"arguments\":{\"a\":1}}")},
         .result = {},
         .error = {}}
    };
    ASSERT_TRUE(chat(request));
    const GenerateRequest& got = engine.requests.back();
    ASSERT_TRUE(got.calls);
    EXPECT_EQ(got.calls->before, "<call>");
    EXPECT_NE(got.calls->schema.find(R"("const":"add")"), std::string::npos);
    EXPECT_TRUE(got.thought);  // it may think first
    EXPECT_EQ(got.shown_tokens, (std::vector<std::string>{"<think>", "</think>", "<call>"}));
    EXPECT_EQ(thinking, "Hm");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].name, "add");

    request.tool_choice = "none";
    ASSERT_TRUE(chat(request));
    EXPECT_FALSE(engine.requests.back().calls);
    EXPECT_EQ(prompt().find("add"), std::string::npos);
}

TEST_F(ModelRuntimeTest, APromptThatOpensTheThoughtIsSeen) {
    install({.name = "m", .prompt_template = std::string(kGoThinking) + "<think>\n"}, file(""));
    ASSERT_TRUE(chat(ask("m", {{.role = "user", .content = "Hi"}})));
    ASSERT_TRUE(engine.requests.back().thought);
    EXPECT_TRUE(engine.requests.back().thought->begun);
}

TEST_F(ModelRuntimeTest, AGrammarIsCheckedBeforeTheModelIsAsked) {
    install({.name = "m", .prompt_template = std::string(kGo)}, file(""));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.options = *json::read(R"({"grammar":"root ::= \"yes\" | \"no\""})");
    ASSERT_TRUE(chat(request));
    EXPECT_EQ(engine.requests.back().grammar, "root ::= \"yes\" | \"no\"");
    request.format = "json";
    EXPECT_EQ(error_of(request), "a request can have a format or a grammar, not both");
    request.format = nullptr;
    request.options = *json::read(R"({"grammar":"root ::= ("})");
    EXPECT_TRUE(error_of(request).starts_with("failed to parse grammar: "));
    request.options = *json::read(R"({"grammar":7})");
    EXPECT_EQ(error_of(request), "option \"grammar\" must be of type string");
    EXPECT_EQ(engine.requests.size(), 1U);
}

TEST_F(ModelRuntimeTest, SamplingOptionsBeyondOllamasAreTakenAndChecked) {
    CreateRequest create{.name = "m", .prompt_template = std::string(kGo)};
    create.parameters = {{"mirostat", 2}, {"xtc_probability", 0.5}};
    install(create, file(""));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.options = *json::read(R"({"mirostat_tau":3,"dry_multiplier":0.8,"dry_base":2,
        "dry_allowed_length":4,"dry_penalty_last_n":99,"dry_sequence_breakers":["\n","."],
        "xtc_threshold":0.2,"top_n_sigma":1.5,"dynatemp_range":0.3,"dynatemp_exponent":2,
        "logit_bias":{"17":-100,"the":1.5},"typical_p":0.7,"min_p":0.05})");
    ASSERT_TRUE(chat(request));
    const SamplingOptions& got = engine.requests.back().sampling;
    EXPECT_EQ(got.mirostat, 2);
    EXPECT_FLOAT_EQ(got.mirostat_tau, 3);
    EXPECT_FLOAT_EQ(got.xtc_probability, 0.5F);
    EXPECT_FLOAT_EQ(got.xtc_threshold, 0.2F);
    EXPECT_FLOAT_EQ(got.dry_multiplier, 0.8F);
    EXPECT_FLOAT_EQ(got.dry_base, 2);
    EXPECT_EQ(got.dry_allowed_length, 4);
    EXPECT_EQ(got.dry_penalty_last_n, 99);
    EXPECT_EQ(got.dry_sequence_breakers, (std::vector<std::string>{"\n", "."}));
    EXPECT_FLOAT_EQ(got.top_n_sigma, 1.5F);
    EXPECT_FLOAT_EQ(got.dynatemp_range, 0.3F);
    EXPECT_FLOAT_EQ(got.dynatemp_exponent, 2);
    EXPECT_FLOAT_EQ(got.typical_p, 0.7F);
    EXPECT_FLOAT_EQ(got.min_p, 0.05F);
    ASSERT_EQ(got.logit_bias.size(), 2U);
    EXPECT_EQ(got.logit_bias[0].token, 17);
    EXPECT_FLOAT_EQ(got.logit_bias[0].bias, -100);
    EXPECT_EQ(got.logit_bias[1].text, "the");

    const std::pair<const char*, const char*> wrong[] = {
        {R"({"mirostat":"2"})", "option \"mirostat\" must be of type integer"},
        {R"({"dry_base":true})", "option \"dry_base\" must be of type float32"},
        {R"({"dry_sequence_breakers":"x"})",
         "option \"dry_sequence_breakers\" must be of type array"},
        {R"({"logit_bias":[1]})", "option \"logit_bias\" must be of type object"},
        {R"({"logit_bias":{"5":"x"}})", "option \"logit_bias\" must be of type object"}
    };
    for (const auto& [options, message] : wrong) {
        request.options = *json::read(options);
        EXPECT_EQ(error_of(request), message);
    }
}

TEST_F(ModelRuntimeTest, HostileSchemasAreRefusedBeforeTheyReachTheModel) {
    install({.name = "m", .prompt_template = std::string(kGoThinking)}, file(""));
    json::Object properties;
    for (int i = 0; i < 257; ++i)
        properties["p" + std::to_string(i)] = json::Object{{"type", "string"}};
    const json::Object schema{{"type", "object"}, {"properties", properties}};
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    request.format = schema;
    EXPECT_EQ(error_of(request), "invalid JSON schema: an object of 257 properties; at most 256");
    request.format = nullptr;
    request.tools = json::Array{json::Object{
        {"type", "function"}, {"function", json::Object{{"name", "f"}, {"parameters", schema}}}
    }};
    EXPECT_EQ(error_of(request), "invalid JSON schema: an object of 257 properties; at most 256");
    CompletionRequest completion;
    completion.model = "m";
    completion.format = schema;
    EXPECT_EQ(complete(completion).error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(engine.requests.empty());
}

TEST_F(ModelRuntimeTest, AClientThatHasGoneIsFoundOutWhileThePromptIsMade) {
    install({.name = "m", .prompt_template = std::string(kGo)}, file(""));
    const std::string page(20000, 'x');
    const auto request =
        ask("m", {{.role = "user", .content = page}, {.role = "user", .content = "Hi"}});
    std::stop_source stop;
    stop.request_stop();
    const auto sink = [](const GenerateEvent&) { return true; };
    EXPECT_EQ(
        runtime.chat(kAdmin, request, sink, stop.get_token()).error().code, ErrorCode::cancelled
    );
    EXPECT_EQ(runtime.render(kAdmin, request, stop.get_token()).error().code, ErrorCode::cancelled);
    EXPECT_EQ(
        runtime.load(kAdmin, "m", std::nullopt, nullptr, {}, stop.get_token()).error().code,
        ErrorCode::cancelled
    );
    EXPECT_TRUE(engine.requests.empty());
}

TEST_F(ModelRuntimeTest, TheJinjaTemplateServesWhatTheGoTemplateDoesNotKnow) {
    install({.name = "m", .prompt_template = std::string(kGo)}, file("{% if tools %}"));
    auto request = ask("m", {{.role = "user", .content = "Hi"}});
    ASSERT_TRUE(chat(request));
    EXPECT_TRUE(std::holds_alternative<std::string>(engine.requests.back().prompt));
    request.tools = *json::read(R"([{"type":"function","function":{"name":"f"}}])");
    ASSERT_TRUE(chat(request));
    EXPECT_TRUE(std::holds_alternative<ChatPrompt>(engine.requests.back().prompt));
}

TEST_F(ModelRuntimeTest, TheOldestTurnsGoWhenTheContextIsFull) {
    install({.name = "m", .prompt_template = std::string(kGo), .system = "S"}, file(""));
    std::vector<ChatMessage> messages;
    for (int i = 0; i < 20; ++i)
        messages.push_back(
            {.role = i % 2 == 0 ? "user" : "assistant",
             .content = std::to_string(100 + i) + std::string(47, 'x')}
        );
    messages.push_back({.role = "user", .content = "last"});
    auto request = ask("m", messages);
    request.options = *json::read(R"({"num_ctx":400})");
    ASSERT_TRUE(chat(request));
    EXPECT_TRUE(prompt().starts_with("<system>S<"));
    EXPECT_TRUE(prompt().ends_with("<user>last<assistant>"));
    EXPECT_LE(prompt().size() + 1, 399U);
    // One more turn would not have fitted: no turn is longer than this.
    EXPECT_GT(prompt().size() + 1 + std::string("<assistant>").size() + 50, 399U);
    EXPECT_FALSE(prompt().contains("100x"));
    EXPECT_TRUE(prompt().contains("119x"));

    request.truncate = false;
    ASSERT_TRUE(chat(request));
    EXPECT_TRUE(prompt().contains("100x"));
}

TEST_F(ModelRuntimeTest, ShortConversationsAreNotCounted) {
    install({.name = "m", .prompt_template = std::string(kGo)}, file(""));
    ASSERT_TRUE(chat(
        ask("m",
            {{.role = "user", .content = "a"},
             {.role = "assistant", .content = "b"},
             {.role = "user", .content = "c"}})
    ));
    EXPECT_EQ(engine.tokenized, 0);
}

TEST_F(ModelRuntimeTest, GenerateFollowsTheSameTemplate) {
    install({.name = "m", .prompt_template = std::string(kGo), .system = "S"}, file(""));
    CompletionRequest request;
    request.model = "m";
    request.prompt = "Hi";
    ASSERT_TRUE(complete(request));
    EXPECT_EQ(prompt(), "<system>S<user>Hi<assistant>");
    request.system = "Other";
    request.prompt_template = "{{ .System }}|{{ .Prompt }}|";
    ASSERT_TRUE(complete(request));
    EXPECT_EQ(prompt(), "Other|Hi|");
    request.raw = true;
    EXPECT_EQ(
        complete(request).error().message, "raw mode does not support template, system, or context"
    );
    request.system = std::nullopt;
    request.prompt_template = std::nullopt;
    ASSERT_TRUE(complete(request));
    EXPECT_EQ(prompt(), "Hi");
    EXPECT_EQ(*runtime.render(kAdmin, request, {}), "Hi");
}

TEST_F(ModelRuntimeTest, AnEarlierContextGoesFirstWithOneBeginning) {
    install({.name = "m", .prompt_template = std::string("[{{ .Prompt }}]")}, file(""));
    CompletionRequest request;
    request.model = "m";
    request.prompt = "c";
    request.context = {ScriptedEngine::kBegin, 'a', 'b'};
    ASSERT_TRUE(complete(request));
    const auto& tokens = std::get<std::vector<std::int32_t>>(engine.requests.back().prompt);
    EXPECT_EQ(tokens, (std::vector<std::int32_t>{1, 'a', 'b', '[', 'c', ']'}));
}

TEST_F(ModelRuntimeTest, EmbeddingsAreCutAndNormalisedAgain) {
    install_encoder();
    EmbeddingRequest request;
    request.model = "enc";
    request.texts = {"a", "b"};
    request.dimensions = 2;
    engine.vector = {0.6F, 0.0F, 0.8F};
    const auto result = runtime.embed(kAdmin, request, {});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->vectors, (std::vector<std::vector<float>>{{1, 0}, {1, 0}}));
    EXPECT_TRUE(engine.last_model.embedding);

    engine.vector = {std::numeric_limits<float>::quiet_NaN()};
    EXPECT_EQ(
        runtime.embed(kAdmin, request, {}).error().message, "embedding contains NaN or Inf values"
    );
}

TEST_F(ModelRuntimeTest, ARequestOfMoreTextsThanOneAnswerHoldsIsRefused) {
    install_encoder();
    EmbeddingRequest request;
    request.model = "enc";
    request.texts.resize(16385);
    const auto result = runtime.embed(kAdmin, request, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(result.error().message, "too many inputs in one request: 16385; at most 16384");
    request.texts.resize(16384);
    EXPECT_TRUE(runtime.embed(kAdmin, request, {}));
}

TEST_F(ModelRuntimeTest, UnloadsByTheModelsDigest) {
    install({.name = "m"}, file("j"));
    ASSERT_TRUE(runtime.unload(kAdmin, "M:latest"));
    EXPECT_EQ(engine.unloaded, std::vector<std::string>{store.find(kAdmin, "m")->digest});
    EXPECT_EQ(runtime.unload(kAdmin, "x").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace moat::inference
