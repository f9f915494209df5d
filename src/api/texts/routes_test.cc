#include "api/texts/routes.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "http/recorded_exchange.h"
#include "inference/scripted_engine.h"
#include "models/gguf_builder.h"
#include "models/test_install.h"

namespace moat::api::texts {
namespace {

const Principal kAdmin{.id = "a", .name = "a", .role = Role::admin};

struct TextRoutesTest : testing::Test {
    TempDir dir;
    models::ModelStore store = *models::ModelStore::open(dir.path());
    inference::ScriptedEngine engine;
    inference::ModelRuntime runtime{store, engine, inference::RuntimeSettings{}};
    http::Router router;

    void SetUp() override {
        router.add(routes(runtime, http::plain_error));
        constexpr std::uint32_t kMean = 1;
        constexpr std::uint32_t kRank = 4;
        install("embed", kMean);
        install("ranker", kRank);
    }
    void install(const std::string& name, std::uint32_t pooling) {
        models::GgufBuilder builder;
        builder.text("general.architecture", "bert")
            .u32("bert.context_length", 512)
            .u32("bert.pooling_type", pooling)
            .tensor("w", {1}, "1234");
        models::install(store, kAdmin, {.name = name}, builder.bytes());
    }
    http::Response post(const std::string& path, std::string body) {
        const auto match = router.find("POST", path);
        EXPECT_NE(match.route, nullptr) << path;
        http::RecordedExchange exchange(
            {.method = "POST", .path = path, .body = std::move(body), .principal = kAdmin}
        );
        match.route->handler(exchange);
        EXPECT_TRUE(exchange.finished);
        return exchange.answer;
    }
    json::Value answer(const std::string& path, std::string body) {
        const http::Response response = post(path, std::move(body));
        EXPECT_EQ(response.status, 200) << response.body;
        return *json::read(response.body);
    }
};

// The scripted engine scores a document by its length.
TEST_F(TextRoutesTest, RerankSortsCutsAndGivesDocumentsBack) {
    const auto body = answer(
        "/v1/rerank",
        R"({"model":"ranker","query":"q","documents":["a","ccc",{"text":"bb","id":7}],"top_n":2,"return_documents":true})"
    );
    const auto& results = body.at("results").get_array();
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(json::int_or(results[0], "index", -1), 1);
    EXPECT_NEAR(json::number_or(results[0], "relevance_score", 0), 1 / (1 + std::exp(-3.0)), 1e-6);
    EXPECT_EQ(json::write(results[0].at("document")), R"({"text":"ccc"})");
    EXPECT_EQ(json::write(results[1].at("document")), R"({"text":"bb","id":7})");
    EXPECT_EQ(json::int_or(body.at("usage"), "total_tokens", 0), 6);
    EXPECT_EQ(engine.embed_requests.back().query, "q");

    const auto raw = answer(
        "/api/rerank", R"({"model":"ranker","query":"q","documents":["ab","ab"],"raw_scores":true})"
    );
    EXPECT_EQ(json::number_or(raw.at("results").at(0), "relevance_score", 0), 2);
    EXPECT_EQ(json::int_or(raw.at("results").at(0), "index", -1), 0);
    EXPECT_FALSE(raw.at("results").at(0).get_object().contains("document"));
}

TEST_F(TextRoutesTest, RerankSaysWhatIsWrong) {
    const auto error = [&](std::string body) {
        const http::Response response = post("/api/rerank", std::move(body));
        return std::to_string(response.status) +
               json::string_or(*json::read(response.body), "error");
    };
    EXPECT_EQ(error(R"({"model":"ranker","documents":["a"]})"), "400query is required");
    EXPECT_EQ(
        error(R"({"model":"ranker","query":"q","documents":[]})"),
        "400'documents' must be a list of texts that is not empty"
    );
    EXPECT_EQ(
        error(R"({"model":"ranker","query":"q","documents":[{"title":"x"}]})"),
        "400each of 'documents' must be a text, or an object with 'text'"
    );
    EXPECT_EQ(
        error(R"({"model":"embed","query":"q","documents":["a"]})"),
        "400\"embed\" does not support rerank"
    );
    EXPECT_EQ(
        error(R"({"model":"none","query":"q","documents":["a"]})"), "404model 'none' not found"
    );
}

// Of the scripted engine a token is a byte, after one that begins.
TEST_F(TextRoutesTest, TokensThereAndBack) {
    const auto tokens = answer("/api/tokenize", R"({"model":"embed","text":"AB"})");
    EXPECT_EQ(json::write(tokens.at("tokens")), "[1,65,66]");
    EXPECT_EQ(json::int_or(tokens, "count", 0), 3);
    const auto bare =
        answer("/v1/tokenize", R"({"model":"embed","content":"AB","add_special":false})");
    EXPECT_EQ(json::write(bare.at("tokens")), "[65,66]");
    const auto text = answer("/api/detokenize", R"({"model":"embed","tokens":[65,66]})");
    EXPECT_EQ(json::string_or(text, "text"), "AB");
    EXPECT_EQ(post("/api/detokenize", R"({"model":"embed","tokens":[-1]})").status, 400);
    EXPECT_EQ(post("/api/tokenize", R"({"model":"embed"})").status, 400);
}

}  // namespace
}  // namespace moat::api::texts
