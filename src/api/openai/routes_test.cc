#include "api/openai/routes.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "http/recorded_exchange.h"
#include "inference/scripted_engine.h"
#include "models/gguf_builder.h"
#include "models/test_install.h"

namespace moat::api::openai {
namespace {

using inference::GenerateEvent;

const Principal kAdmin{.id = "a", .name = "a", .role = Role::admin};

GenerateEvent says(std::string content) {
    GenerateEvent event;
    event.content = std::move(content);
    return event;
}

struct OpenAiRoutesTest : testing::Test {
    TempDir dir;
    models::ModelStore store = *models::ModelStore::open(dir.path());
    inference::ScriptedEngine engine;
    inference::ModelRuntime runtime{store, engine, inference::RuntimeSettings{}};

    void SetUp() override {
        install("chat", "tokenizer.chat_template", "{{ messages }}");
        install("embed", "llama.pooling_type", "");
    }
    void install(const std::string& name, std::string_view key, std::string_view value) {
        models::GgufBuilder builder;
        builder.text("general.architecture", "llama").u32("llama.context_length", 512);
        if (value.empty()) {
            builder.u32(key, 1);
        } else {
            builder.text(key, value);
        }
        builder.tensor("w", {1}, "1234");
        models::install(store, kAdmin, {.name = name}, builder.bytes());
    }
    http::Response call(
        const std::string& path, std::string body, http::Handler handler, std::string model = ""
    ) {
        http::Request request{
            .method = "POST", .path = path, .body = std::move(body), .principal = kAdmin
        };
        request.params["model"] = std::move(model);
        http::RecordedExchange exchange(std::move(request));
        handler(exchange);
        EXPECT_TRUE(exchange.finished);
        return exchange.answer;
    }
    http::Response chat(std::string body) {
        return call("/v1/chat/completions", std::move(body), [&](http::Exchange& e) {
            chat_completions(e, runtime);
        });
    }
    http::Response embed(std::string body) {
        return call("/v1/embeddings", std::move(body), [&](http::Exchange& e) {
            embeddings(e, runtime);
        });
    }
};

constexpr auto kQuestion = R"({"model":"chat","messages":[{"role":"user","content":"q"}]})";
constexpr auto kStreamed =
    R"({"model":"chat","messages":[{"role":"user","content":"q"}],"stream":true,"stream_options":{"include_usage":true}})";

TEST_F(OpenAiRoutesTest, ChatAnswersInOnePiece) {
    engine.runs = {
        {.events = {says("Hel"), says("lo")}, .result = {.prompt_tokens = 3, .generated_tokens = 2}}
    };
    const auto reply = *json::read(chat(kQuestion).body);
    EXPECT_EQ(json::string_or(reply, "object"), "chat.completion");
    const auto& choice = reply.at("choices").at(0);
    EXPECT_EQ(json::write(choice.at("message")), R"({"role":"assistant","content":"Hello"})");
    EXPECT_EQ(json::string_or(choice, "finish_reason"), "stop");
    EXPECT_EQ(json::int_or(reply.at("usage"), "total_tokens", 0), 5);
}

TEST_F(OpenAiRoutesTest, ChatStreamsRoleOnceThenDeltasFinishUsageDone) {
    engine.runs = {
        {.events = {says("a"), says("b")},
         .result =
             {.reason = inference::FinishReason::length, .prompt_tokens = 1, .generated_tokens = 2}}
    };
    const http::Response response = chat(kStreamed);
    EXPECT_EQ(response.content_type, "text/event-stream");
    std::vector<std::string> data;
    for (std::size_t at = 0; (at = response.body.find("data: ", at)) != std::string::npos;) {
        const auto end = response.body.find("\n\n", at);
        data.push_back(response.body.substr(at + 6, end - at - 6));
        at = end;
    }
    ASSERT_EQ(data.size(), 5U);
    const auto delta = [&](std::size_t i) {
        return json::write(json::read(data[i])->at("choices").at(0).at("delta"));
    };
    EXPECT_EQ(delta(0), R"({"role":"assistant","content":"a"})");
    EXPECT_EQ(delta(1), R"({"content":"b"})");
    EXPECT_EQ(delta(2), "{}");
    EXPECT_EQ(json::string_or(json::read(data[2])->at("choices").at(0), "finish_reason"), "length");
    EXPECT_EQ(json::write(json::read(data[3])->at("choices")), "[]");
    EXPECT_EQ(data[4], "[DONE]");
}

TEST_F(OpenAiRoutesTest, AFailureBeforeTheFirstTokenHasItsStatusAndAfterItIsAnEvent) {
    engine.runs = {{.error = Error{ErrorCode::busy, "server busy"}}};
    EXPECT_EQ(chat(kStreamed).status, 503);
    // Not a fault of the request: the next model to end leaves room.
    engine.runs = {{.error = Error{ErrorCode::too_large, "model requires more system memory"}}};
    EXPECT_EQ(chat(kStreamed).status, 503);
    engine.runs = {{.events = {says("a")}, .error = Error{ErrorCode::internal, "runner died"}}};
    engine.requests.clear();
    const http::Response late = chat(kStreamed);
    EXPECT_EQ(late.status, 200);
    EXPECT_NE(late.body.find(R"("message":"runner died")"), std::string::npos);
    EXPECT_EQ(late.body.find("[DONE]"), std::string::npos);
}

TEST_F(OpenAiRoutesTest, ToolCallsEndWithTheirReasonAndTextArguments) {
    GenerateEvent call;
    call.tool_calls = {{.id = "call_1", .name = "f", .arguments = *json::read(R"({"b":1,"a":2})")}};
    engine.runs = {{.events = {call}}};
    const auto reply = *json::read(chat(kQuestion).body);
    const auto& choice = reply.at("choices").at(0);
    EXPECT_EQ(json::string_or(choice, "finish_reason"), "tool_calls");
    EXPECT_EQ(
        json::string_or(choice.at("message").at("tool_calls").at(0).at("function"), "arguments"),
        R"({"b":1,"a":2})"
    );
}

TEST_F(OpenAiRoutesTest, EmbeddingsComeAsNumbersOrAsLittleEndianBase64) {
    engine.vector = {0.6F, 0.8F};
    const auto numbers = *json::read(embed(R"({"model":"embed","input":["a","bc"]})").body);
    EXPECT_EQ(numbers.at("data").as_array().size(), 2U);
    EXPECT_EQ(
        json::write(numbers.at("data").at(1)),
        R"({"object":"embedding","embedding":[0.6,0.8],"index":1})"
    );
    const auto packed =
        *json::read(embed(R"({"model":"embed","input":"a","encoding_format":"base64"})").body);
    // struct.pack("<2f", 0.6, 0.8) in Python, base64.
    EXPECT_EQ(json::string_or(packed.at("data").at(0), "embedding"), "mpkZP83MTD8=");
    EXPECT_EQ(embed(R"({"model":"embed","input":5})").status, 400);
    EXPECT_EQ(embed(R"({"model":"embed","input":"a","encoding_format":"hex"})").status, 400);
}

TEST_F(OpenAiRoutesTest, UnknownModelsAndBrokenBodiesUseTheEnvelope) {
    const auto unknown = chat(R"({"model":"nope","messages":[{"role":"user","content":"q"}]})");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(json::string_or(json::read(unknown.body)->at("error"), "type"), "not_found_error");
    for (const auto* bad : {"", "{", "[]", "7"}) {
        const auto refused = chat(bad);
        EXPECT_EQ(refused.status, 400) << bad;
        EXPECT_EQ(
            json::string_or(json::read(refused.body)->at("error"), "type"), "invalid_request_error"
        );
    }
}

TEST_F(OpenAiRoutesTest, ModelsAreListedAndFoundByName) {
    const auto list = call("/v1/models", "", [&](http::Exchange& e) { list_models(e, store); });
    EXPECT_EQ(json::read(list.body)->at("data").as_array().size(), 2U);
    const auto one =
        call("/v1/models/chat", "", [&](http::Exchange& e) { get_model(e, store); }, "chat");
    EXPECT_EQ(json::string_or(*json::read(one.body), "id"), "chat:latest");
    EXPECT_EQ(json::string_or(*json::read(one.body), "owned_by"), "library");
    EXPECT_EQ(
        call(
            "/v1/models/x", "", [&](http::Exchange& e) { get_model(e, store); }, "x"
        )
            .status,
        404
    );
}

}  // namespace
}  // namespace moat::api::openai
