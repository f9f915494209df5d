#include "api/ollama/routes.h"

#include <cstring>

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "http/recorded_exchange.h"
#include "inference/scripted_engine.h"
#include "models/gguf_builder.h"

namespace moat::api::ollama {
namespace {

using inference::GenerateEvent;
using models::GgufBuilder;

const Principal kAdmin{.id = "a", .name = "a", .role = Role::admin};

class FixedClock final : public Clock {
  public:
    Time now() const override { return *parse_rfc3339("2026-11-21T10:36:03.123456789Z"); }
};
constexpr std::string_view kNow = "2026-11-21T10:36:03.123456789Z";

GenerateEvent says(std::string content) {
    GenerateEvent event;
    event.content = std::move(content);
    return event;
}

struct OllamaRoutes : testing::Test {
    TempDir dir;
    models::ModelStore store = *models::ModelStore::open(dir.path());
    inference::ScriptedEngine engine;
    inference::ModelRuntime runtime{store, engine, inference::RuntimeSettings{}};
    FixedClock clock;
    http::Router router;
    int status = 0;
    std::string type;

    void SetUp() override { router.add(routes({store, runtime, clock, "0.32.15"})); }

    // The body of the answer; the status is left in `status`.
    std::string call(
        std::string method, std::string path, std::string body = "", Role role = Role::admin
    ) {
        const auto match = router.find(method, path);
        EXPECT_TRUE(match.route) << path;
        http::Request request{.method = std::move(method), .path = std::move(path)};
        request.params = match.params;
        request.body = std::move(body);
        request.principal = {.id = "p", .name = "p", .role = role};
        http::RecordedExchange exchange(std::move(request));
        match.route->handler(exchange);
        EXPECT_TRUE(exchange.finished);
        status = exchange.answer.status;
        type = exchange.answer.content_type;
        return exchange.answer.body;
    }
    std::string post(std::string path, std::string body) {
        return call("POST", std::move(path), std::move(body));
    }
    std::string error(std::string path, std::string body) {
        const auto answer = json::read(post(std::move(path), std::move(body)));
        return answer ? json::string_or(*answer, "error", "no error") : "no JSON";
    }
    std::string upload(const std::string& bytes) {
        const std::string digest = "sha256:" + sha256(bytes_of(bytes)).hex();
        post("/api/blobs/" + digest, bytes);
        return digest;
    }
    void install(const std::string& name, GgufBuilder builder, const std::string& more = "") {
        builder.tensor("w", {1}, "1234");
        const std::string digest = upload(builder.bytes());
        const std::string answer = post(
            "/api/create",
            R"({"model":")" + name + R"(","stream":false,"files":{"m.gguf":")" + digest + "\"}" +
                more + "}"
        );
        EXPECT_EQ(answer, R"({"status":"success"})");
    }
    void install_chat(const std::string& name, const std::string& more = "") {
        install(
            name,
            GgufBuilder()
                .text("general.architecture", "llama")
                .text("tokenizer.chat_template", "j"),
            more
        );
    }
    void install_encoder(const std::string& name) {
        install(
            name, GgufBuilder().text("general.architecture", "bert").u32("bert.pooling_type", 1)
        );
    }
    void play(std::vector<GenerateEvent> events) {
        inference::GenerateResult result;
        result.prompt_tokens = 7;
        result.generated_tokens = 2;
        result.tokens = {1, 5, 6};
        result.total = Duration(40);
        result.load = Duration(0);
        result.prompt = Duration(10);
        result.generate = Duration(20);
        engine.runs = {{.events = std::move(events), .result = result, .error = {}}};
    }
};

constexpr std::string_view kMetrics =
    R"("total_duration":40,"prompt_eval_count":7,"prompt_eval_duration":10,"eval_count":2,"eval_duration":20)";

TEST_F(OllamaRoutes, Version) {
    EXPECT_EQ(call("GET", "/api/version"), R"({"version":"0.32.15"})");
    EXPECT_EQ(type, "application/json; charset=utf-8");
}

TEST_F(OllamaRoutes, GenerateStreamsLinesAndEndsWithMetrics) {
    install_chat("m");
    play({says("a<b"), says(" &")});
    const std::string head = R"({"model":"m","created_at":")" + std::string(kNow) + "\",";
    EXPECT_EQ(
        post("/api/generate", R"({"MODEL":"m","prompt":"Hi","unknown":1} trailing)"),
        head + R"("response":"a\u003cb","done":false})" + "\n" + head +
            R"("response":" \u0026","done":false})" + "\n" + head +
            R"("response":"","done":true,"done_reason":"stop",)" + std::string(kMetrics) +
            R"(,"context":[1,5,6]})" + "\n"
    );
    EXPECT_EQ(type, "application/x-ndjson");
    EXPECT_EQ(status, 200);
}

TEST_F(OllamaRoutes, GenerateWithoutStreamJoinsTheAnswer) {
    install_chat("m");
    play({says("a"), says("b")});
    EXPECT_EQ(
        post("/api/generate", R"({"model":"m","prompt":"Hi","stream":false,"raw":true})"),
        R"({"model":"m","created_at":")" + std::string(kNow) +
            R"(","response":"ab","done":true,"done_reason":"stop",)" + std::string(kMetrics) + "}"
    );
    EXPECT_EQ(type, "application/json; charset=utf-8");
}

TEST_F(OllamaRoutes, AnEmptyPromptLoadsOrUnloads) {
    install_chat("m");
    const std::string head = R"({"model":"m","created_at":")" + std::string(kNow) + "\",";
    EXPECT_EQ(
        post("/api/generate", R"({"model":"m","keep_alive":"1h"})"),
        head + R"("response":"","done":true,"done_reason":"load"})"
    );
    EXPECT_EQ(engine.last_keep_alive, std::chrono::hours(1));
    EXPECT_EQ(
        post("/api/generate", R"({"model":"m","keep_alive":0})"),
        head + R"("response":"","done":true,"done_reason":"unload"})"
    );
    EXPECT_EQ(engine.unloaded.size(), 1U);
    EXPECT_EQ(
        post("/api/chat", R"({"model":"m","messages":[],"keep_alive":"0s"})"),
        head + R"("message":{"role":"assistant","content":""},"done":true,"done_reason":"unload"})"
    );
}

TEST_F(OllamaRoutes, WhoAsksIsToldHowFarTheLoadIs) {
    install_chat("m");
    engine.load_steps = {{0, 8}, {4, 8}};
    const std::string head = R"({"model":"m","created_at":")" + std::string(kNow) + "\",";
    const auto told = [&head](const std::string& part) {
        const std::string line = head + part + R"(,"done":false,"status":"loading model",)";
        return line + R"("completed":0,"total":8})" + "\n" + line + R"("completed":4,"total":8})" +
               "\n";
    };
    const std::string loaded = R"(,"done":true,"done_reason":"load"})"
                               "\n";
    const std::string message = R"("message":{"role":"assistant","content":""})";
    const std::string response = R"("response":"")";

    EXPECT_EQ(
        post("/api/generate", R"({"model":"m","load_progress":true})"),
        told(response) + head + response + loaded
    );
    EXPECT_EQ(type, "application/x-ndjson");
    EXPECT_EQ(
        post("/api/chat", R"({"model":"m","load_progress":true})"),
        told(message) + head + message + loaded
    );
    play({says("a")});
    EXPECT_TRUE(post("/api/generate", R"({"model":"m","prompt":"x","load_progress":true})")
                    .starts_with(told(response) + head + R"("response":"a","done":false})"));
    EXPECT_TRUE(
        post("/api/chat", R"({"model":"m","messages":[{"role":"user"}],"load_progress":true})")
            .starts_with(told(message) + head + R"("message":{"role":"assistant","content":"a"})")
    );
    for (const std::string body :
         {R"({"model":"m","prompt":"x"})",
          R"({"model":"m","prompt":"x","load_progress":true,"stream":false})",
          R"({"model":"m","load_progress":true,"stream":false})",
          R"({"model":"m"})"})
        EXPECT_FALSE(post("/api/generate", body).contains("loading")) << body;
}

TEST_F(OllamaRoutes, ALoadThatFailsOnTheWayEndsInALine) {
    install_chat("m");
    engine.load_steps = {{0, 8}};
    engine.failure = Error{ErrorCode::internal, "cannot load"};
    const std::string body = post("/api/generate", R"({"model":"m","load_progress":true})");
    EXPECT_TRUE(body.ends_with("\n{\"error\":\"cannot load\"}\n")) << body;
    EXPECT_EQ(status, 200);
    EXPECT_EQ(error("/api/generate", R"({"model":"m"})"), "cannot load");
    EXPECT_EQ(status, 500);
}

TEST_F(OllamaRoutes, ChatStreamsMessagesThinkingAndToolCalls) {
    install(
        "m",
        GgufBuilder()
            .text("general.architecture", "llama")
            .text("tokenizer.chat_template", "tools enable_thinking")
    );
    GenerateEvent thinks;
    thinks.thinking = "Hm";
    GenerateEvent calls;
    calls.tool_calls = {{.id = "call_1", .name = "f", .arguments = *json::read(R"({"b":1,"a":2})")}
    };
    play({thinks, calls});
    const std::string head = R"({"model":"m","created_at":")" + std::string(kNow) + "\",";
    EXPECT_EQ(
        post(
            "/api/chat",
            R"({"model":"m","messages":[{"role":"User","content":"Hi"}],)"
            R"("tools":[{"type":"function","function":{"name":"f"}}]})"
        ),
        head + R"("message":{"role":"assistant","content":"","thinking":"Hm"},"done":false})" +
            "\n" + head +
            R"("message":{"role":"assistant","content":"","tool_calls":[{"id":"call_1",)"
            R"("function":{"index":0,"name":"f","arguments":{"b":1,"a":2}}}]},"done":false})" +
            "\n" + head +
            R"("message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",)" +
            std::string(kMetrics) + "}\n"
    );
    const auto& prompt = std::get<inference::ChatPrompt>(engine.requests.back().prompt);
    EXPECT_EQ(prompt.messages[0].role, "user");
    EXPECT_EQ(prompt.think, true);
}

TEST_F(OllamaRoutes, ErrorsBeforeTheFirstLineHaveAStatusAndLaterOnesALine) {
    install_chat("m");
    const Error died{ErrorCode::internal, "model runner has unexpectedly stopped"};
    engine.runs = {{.events = {}, .result = {}, .error = died}};
    EXPECT_EQ(error("/api/generate", R"({"model":"m","prompt":"Hi"})"), died.message);
    EXPECT_EQ(status, 500);
    engine.runs = {{.events = {says("a")}, .result = {}, .error = died}};
    const std::string body = post("/api/generate", R"({"model":"m","prompt":"Hi"})");
    EXPECT_TRUE(body.ends_with("\n{\"error\":\"model runner has unexpectedly stopped\"}\n"))
        << body;
    EXPECT_EQ(status, 200);
    const Error busy{
        ErrorCode::busy, "server busy, please try again.  maximum pending requests exceeded"
    };
    engine.runs = {{.events = {}, .result = {}, .error = busy}};
    EXPECT_EQ(error("/api/chat", R"({"model":"m","messages":[{"role":"user"}]})"), busy.message);
    EXPECT_EQ(status, 503);
}

TEST_F(OllamaRoutes, BadRequestsAreNamed) {
    install_chat("m");
    const auto expect =
        [this](
            const std::string& path, const std::string& body, int want, const std::string& text
        ) {
            EXPECT_EQ(error(path, body), text) << body;
            EXPECT_EQ(status, want) << body;
        };
    expect("/api/generate", "", 400, "missing request body");
    expect("/api/generate", "{", 400, "unexpected EOF");
    expect("/api/chat", "xyz", 400, "invalid character 'x' looking for beginning of value");
    expect(
        "/api/generate",
        R"({"model":"m","stream":"yes"})",
        400,
        "json: cannot unmarshal string into Go struct field GenerateRequest.stream of type bool"
    );
    expect(
        "/api/chat",
        R"({"model":"m","messages":"x"})",
        400,
        "json: cannot unmarshal string into Go struct field ChatRequest.messages of type "
        "[]api.Message"
    );
    expect(
        "/api/chat",
        R"({"model":"m","options":[]})",
        400,
        "json: cannot unmarshal array into Go struct field ChatRequest.options of type "
        "map[string]interface {}"
    );
    expect("/api/generate", R"({"prompt":"x"})", 404, "model '' not found");
    expect("/api/generate", R"({"model":"none","prompt":"x"})", 404, "model 'none' not found");
    expect("/api/generate", R"({"model":"a b","prompt":"x"})", 400, "invalid model name");
    expect("/api/chat", "{}", 400, "model is required");
    expect("/api/show", "{}", 400, "model is required");
    expect("/api/show", R"({"name":"none"})", 404, "model 'none' not found");
    expect("/api/embed", "{}", 404, "model \"\" not found, try pulling it first");
    expect(
        "/api/embed",
        R"({"model":"x","input":"y"})",
        404,
        "model \"x\" not found, try pulling it first"
    );
    expect("/api/embed", R"({"model":"m","input":{}})", 400, "invalid input type");
    expect("/api/embed", R"({"model":"m","input":[1]})", 400, "invalid input type");
    expect("/api/embeddings", R"({"prompt":"x"})", 400, "model is required");
    expect(
        "/api/chat",
        R"({"model":"m","messages":[{}],"keep_alive":"300"})",
        400,
        "time: missing unit in duration \"300\""
    );
    expect(
        "/api/chat",
        R"({"model":"m","messages":[{}],"think":"very"})",
        400,
        "invalid think value: \"very\" (must be \"high\", \"medium\", \"low\", \"max\", true, or "
        "false)"
    );
    expect(
        "/api/chat",
        R"({"model":"m","messages":[{}],"top_logprobs":21})",
        400,
        "top_logprobs must be between 0 and 20"
    );
    expect(
        "/api/chat",
        R"({"model":"m","messages":[{}],"options":{"seed":"x"}})",
        500,
        "option \"seed\" must be of type integer"
    );
    expect(
        "/api/chat",
        R"({"model":"m","messages":[{}],"format":"xml"})",
        500,
        "invalid format: \"xml\"; expected \"json\" or a valid JSON Schema object"
    );
    expect(
        "/api/generate",
        R"({"model":"m","prompt":"x","template":"{{ .x"})",
        500,
        "template: :1: unclosed action"
    );
    expect(
        "/api/generate",
        R"({"model":"m:local:cloud","prompt":"x"})",
        400,
        "use either :local or :cloud, not both"
    );
    for (const std::string cloud : {"m:cloud", "other:120b-cloud"})
        expect(
            "/api/chat",
            R"({"model":")" + cloud + R"(","messages":[{}]})",
            403,
            "ollama cloud is disabled: remote model is unavailable"
        );
    expect("/api/create", R"({"files":{}})", 400, "invalid model name");
    expect("/api/create", R"({"model":"n"})", 400, "neither 'from' or 'files' was specified");
    expect("/api/copy", R"({"source":"none","destination":"x"})", 404, "model \"none\" not found");
    expect("/api/blobs/sha256:12", "x", 400, "invalid digest format");
    EXPECT_EQ(engine.requests.size(), 0U);
}

TEST_F(OllamaRoutes, EmbedWritesFloatsInTheirOwnDigits) {
    install_encoder("e");
    engine.vector = {0.6F, -0.8F};
    EXPECT_EQ(
        post("/api/embed", R"({"model":"e","input":["ab","c"]})"),
        R"({"model":"e","embeddings":[[0.6,-0.8],[0.6,-0.8]],"prompt_eval_count":3})"
    );
    EXPECT_EQ(
        post("/api/embeddings", R"({"model":"e","prompt":"ab"})"), R"({"embedding":[0.6,-0.8]})"
    );
    EXPECT_FALSE(engine.embed_requests.back().normalize);
    EXPECT_EQ(
        post("/api/embed", R"({"model":"e","input":""})"),
        R"({"model":"e","embeddings":[],"total_duration":3000000,"load_duration":3000000})"
    );
    EXPECT_EQ(post("/api/embeddings", R"({"model":"e"})"), R"({"embedding":[]})");
    EXPECT_EQ(
        error("/api/chat", R"({"model":"e","messages":[{}]})"), "\"e\" does not support chat"
    );
    EXPECT_EQ(status, 400);
}

TEST_F(OllamaRoutes, ListsShowsCopiesAndDeletes) {
    install_chat(
        "m",
        R"(,"system":"Be <kind>.","parameters":{"temperature":0.5,"stop":["a"]},"license":["L1","L2"])"
    );
    const auto tags = json::read(call("GET", "/api/tags"));
    const auto& listed = json::find_array(*tags, "models")->at(0);
    EXPECT_EQ(json::string_or(listed, "name"), "m:latest");
    EXPECT_EQ(json::string_or(listed, "model"), "m:latest");
    EXPECT_EQ(json::string_or(listed, "digest").size(), 64U);
    EXPECT_EQ(json::write(listed.as_object().at("capabilities")), R"(["completion"])");
    EXPECT_EQ(
        json::write(listed.as_object().at("details")),
        R"({"parent_model":"","format":"gguf","family":"llama","families":["llama"],)"
        R"("parameter_size":"1","quantization_level":"unknown"})"
    );

    engine.fit_reply = {.fits = true, .file_bytes = 7, .needed_bytes = 9, .slots = 3, .pool = 4};
    const auto fitting = json::read(post("/api/show", R"({"model":"m","fit":true})"));
    EXPECT_EQ(
        json::write(fitting->as_object().at("fit")),
        R"({"fits":true,"file_bytes":7,"cache_bytes_per_token":0,"workspace_bytes":0,)"
        R"("needed_bytes":9,"available_bytes":0,"context_length":0,"slots":3,"pool_tokens":4})"
    );
    const auto shown = json::read(post("/api/show", R"({"model":"m"})"));
    EXPECT_EQ(json::string_or(*shown, "system"), "Be <kind>.");
    EXPECT_EQ(json::string_or(*shown, "license"), "L1\nL2");
    EXPECT_EQ(json::string_or(*shown, "template"), "{{ .Prompt }}");
    EXPECT_EQ(
        json::string_or(*shown, "parameters"),
        "temperature                    0.5\nstop                           \"a\""
    );
    EXPECT_TRUE(json::string_or(*shown, "modelfile").contains("\nFROM /"));
    EXPECT_EQ(
        json::write(shown->as_object().at("model_info")),
        R"({"general.architecture":"llama","general.parameter_count":1})"
    );
    EXPECT_EQ(
        json::write(shown->as_object().at("tensors")), R"([{"name":"w","type":"F32","shape":[1]}])"
    );

    EXPECT_EQ(post("/api/copy", R"({"source":"m","destination":"n:1"})"), "");
    EXPECT_EQ(status, 200);
    EXPECT_EQ(call("DELETE", "/api/delete", R"({"model":"","name":"m"})"), "");
    EXPECT_EQ(status, 200);
    EXPECT_EQ(engine.unloaded.size(), 1U);
    call("DELETE", "/api/delete", R"({"model":"m"})");
    EXPECT_EQ(status, 404);
    EXPECT_EQ(json::find_array(*json::read(call("GET", "/api/tags")), "models")->size(), 1U);
}

TEST_F(OllamaRoutes, RunningModelsAreListedLatestExpiryFirst) {
    install_chat("m");
    const std::string digest = store.find(kAdmin, "m")->digest;
    inference::LoadedModel soon{.key = "gone", .name = "gone:latest", .size_bytes = 5};
    soon.expires_at = *parse_rfc3339("2026-11-21T11:00:00Z");
    inference::LoadedModel late{
        .key = digest, .name = "m:latest", .size_bytes = 9, .context_length = 4096
    };
    late.expires_at = *parse_rfc3339("2026-11-21T12:00:00Z");
    late.replicas = {
        {.pid = 7, .gpus = {"CUDA0"}, .busy = 2, .queued = 1}, {.pid = 8, .gpus = {"CUDA1"}}
    };
    soon.loading = inference::LoadProgress{.completed_bytes = 2, .total_bytes = 5};
    engine.loaded_models = {soon, late};
    const auto answer = json::read(call("GET", "/api/ps"));
    const auto& models = *json::find_array(*answer, "models");
    ASSERT_EQ(models.size(), 2U);
    EXPECT_EQ(json::string_or(models[0], "name"), "m:latest");
    EXPECT_EQ(json::string_or(models[0], "digest"), digest);
    EXPECT_EQ(json::int_or(models[0], "context_length", 0), 4096);
    EXPECT_EQ(json::string_or(models[0].as_object().at("details"), "family"), "llama");
    EXPECT_EQ(
        models[0].as_object().at("replicas"),
        *json::read(
            R"([{"gpus":["CUDA0"],"busy":2,"queued":1},{"gpus":["CUDA1"],"busy":0,"queued":0}])"
        )
    );
    EXPECT_EQ(json::find(models[0], "status"), nullptr);
    EXPECT_EQ(json::string_or(models[1], "name"), "gone:latest");
    EXPECT_EQ(json::string_or(models[1], "status"), "loading model");
    EXPECT_EQ(json::int_or(models[1], "completed", 0), 2);
    EXPECT_EQ(json::int_or(models[1], "total", 0), 5);
}

TEST_F(OllamaRoutes, AModelMayBeAskedForAsOneOfThisMachine) {
    install_chat("m");
    play({says("a")});
    EXPECT_EQ(
        json::string_or(*json::read(post("/api/show", R"({"model":"m:local"})")), "error", "none"),
        "none"
    );
    EXPECT_EQ(error("/api/generate", R"({"model":"n:local","prompt":"x"})"), "model 'n' not found");
}

TEST_F(OllamaRoutes, WhatOnlyReachesTheVendorsCloudSaysThatThereIsNone) {
    const std::string none = "ollama cloud is disabled: ";
    EXPECT_TRUE(error("/api/me", "").starts_with(none));
    EXPECT_EQ(status, 403);
    EXPECT_EQ(error("/api/experimental/web_search", "{}"), none + "web search is unavailable");
    EXPECT_EQ(status, 403);
    EXPECT_EQ(error("/api/experimental/web_fetch", "{}"), none + "web fetch is unavailable");
    EXPECT_EQ(status, 403);
    EXPECT_EQ(call("GET", "/api/experimental/model-recommendations"), R"({"recommendations":[]})");
    EXPECT_EQ(call("POST", "/api/signout") + call("DELETE", "/api/user/keys/k"), "");
    EXPECT_EQ(status, 200);
}

TEST_F(OllamaRoutes, CreateTellsItsProgressAndWhatWasWrong) {
    const std::string bytes = GgufBuilder()
                                  .text("general.architecture", "llama")
                                  .tensor("w", {8}, std::string(32, 'w'))
                                  .bytes();
    const std::string digest = upload(bytes);
    EXPECT_EQ(status, 201);
    upload(bytes);
    EXPECT_EQ(status, 200);
    call("HEAD", "/api/blobs/" + digest);
    EXPECT_EQ(status, 200);
    const std::string body =
        post("/api/create", R"({"name":"n","files":{"m.gguf":")" + digest + "\"}}");
    EXPECT_EQ(
        body,
        "{\"status\":\"parsing GGUF\"}\n{\"status\":\"using existing layer " + digest +
            "\"}\n{\"status\":\"writing manifest\"}\n{\"status\":\"success\"}\n"
    );

    const std::string cut = upload(bytes.substr(0, bytes.size() - 20));
    const std::string request =
        R"({"name":"n","stream":false,"files":{"cut.gguf":")" + cut + "\"}}";
    EXPECT_TRUE(
        error("/api/create", request).starts_with("cut.gguf is truncated: tensor w ends at byte ")
    );
    EXPECT_EQ(status, 400);
    call("HEAD", "/api/blobs/" + cut);
    EXPECT_EQ(status, 404);

    const std::string wrong = "sha256:" + std::string(64, '0');
    EXPECT_TRUE(
        error("/api/blobs/" + wrong, "x").starts_with("digest mismatch, expected \"" + wrong)
    );
    EXPECT_EQ(status, 400);
    EXPECT_EQ(
        error("/api/create", R"({"model":"q","from":"n","quantize":"q4_0"})"),
        "this server cannot quantize models"
    );
}

TEST_F(OllamaRoutes, UsersCannotChangeModels) {
    install_chat("m");
    const std::string digest = "sha256:" + std::string(64, '0');
    EXPECT_EQ(router.find("POST", "/api/create").route->access, http::Access::admin);
    EXPECT_EQ(router.find("DELETE", "/api/delete").route->access, http::Access::admin);
    call("POST", "/api/create", R"({"model":"n","from":"m","stream":false})", Role::user);
    EXPECT_EQ(status, 403);
    call("POST", "/api/copy", R"({"source":"m","destination":"n"})", Role::user);
    EXPECT_EQ(status, 403);
    call("DELETE", "/api/delete", R"({"model":"m"})", Role::user);
    EXPECT_EQ(status, 403);
    call("POST", "/api/blobs/" + digest, "", Role::user);
    EXPECT_EQ(status, 403);
    EXPECT_TRUE(store.find(kAdmin, "m"));
}

TEST_F(OllamaRoutes, LogprobsShowTheBytesOfEveryToken) {
    install_chat("m");
    GenerateEvent event = says("\xE4\xB8\xAD");
    event.logprobs = {
        {.token = "\xE4\xB8", .logprob = -0.5F, .top = {{.token = "x", .logprob = -1.0F}}}
    };
    play({event});
    const auto answer = json::read(post(
        "/api/chat",
        R"({"model":"m","stream":false,"logprobs":true,"top_logprobs":1,"messages":[{"role":"user","content":"x"}]})"
    ));
    EXPECT_EQ(
        json::write(answer->as_object().at("logprobs")),
        "[{\"token\":\"\xEF\xBF\xBD\xEF\xBF\xBD\",\"logprob\":-0.5,\"bytes\":[228,184],"
        "\"top_logprobs\":[{\"token\":\"x\",\"logprob\":-1,\"bytes\":[120]}]}]"
    );
    EXPECT_EQ(engine.requests.back().top_logprobs, 1);
}

}  // namespace
}  // namespace moat::api::ollama
