#include "api/weaviate/routes.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "access/policy.h"
#include "api/weaviate/errors.h"
#include "collections/test_database.h"
#include "http/described_routes.h"
#include "http/recorded_exchange.h"

namespace moat::api::weaviate {
namespace {

// Says for a text how often each of two letters is in it.
class LetterCounter final : public knowledge::Embedder {
  public:
    std::optional<std::string> default_model() override { return "letters"; }
    bool installed(const std::string& model) override { return model == "letters"; }
    Result<bool> reads_chinese(const Principal&, const std::string&, std::stop_token) override {
        return true;
    }
    Result<std::vector<std::vector<float>>> embed(
        const Principal&, const std::string&, const std::vector<std::string>& texts, std::stop_token
    ) override {
        std::vector<std::vector<float>> out;
        for (const std::string& text : texts)
            out.push_back(
                {static_cast<float>(std::ranges::count(text, 'a')),
                 static_cast<float>(std::ranges::count(text, 'b')),
                 0.1F}
            );
        return out;
    }
};

// Ranks by length, and repeats what it is told.
class Parrot final : public Modules {
  public:
    Result<std::vector<float>> rerank(
        const Principal&,
        const std::string& query,
        const std::vector<std::string>& documents,
        std::stop_token
    ) override {
        asked = query;
        std::vector<float> out;
        for (const std::string& document : documents)
            out.push_back(static_cast<float>(document.size()) / 4);
        return out;
    }
    Result<std::string> write(const Principal&, const std::string& prompt, std::stop_token)
        override {
        return "> " + prompt;
    }
    std::string asked;
};

struct WeaviateRoutesTest : testing::Test {
    collections::TestDatabase database;
    LetterCounter embedder;
    Parrot modules;
    collections::BackupJobs backups{*database, database.path() / "backups"};
    http::Router router;

    WeaviateRoutesTest() { router.add(routes(services())); }

    Services services() {
        return {
            .database = *database, .embedder = embedder, .modules = modules, .backups = backups
        };
    }
    http::Response ask(
        const std::string& method, const std::string& path, const std::string& body = ""
    ) {
        const auto match = router.find(method, path.substr(0, path.find('?')));
        EXPECT_NE(match.route, nullptr) << method << ' ' << path;
        if (match.route == nullptr) return {};
        http::Request request;
        request.method = method;
        request.path = path;
        request.params = match.params;
        request.body = body;
        request.principal = access::system_principal();
        http::RecordedExchange exchange(std::move(request));
        match.route->handler(exchange);
        return exchange.answer;
    }
    std::string graphql(const std::string& query) {
        return ask("POST", "/v1/graphql", json::write(json::Object{{"query", query}})).body;
    }
};

TEST_F(WeaviateRoutesTest, AreThoseTheDescriptionNames) {
    const auto described = http::described_routes(MOAT_OPENAPI_WEAVIATE);
    ASSERT_FALSE(described.empty());
    EXPECT_EQ(described, http::names_of(router.routes()));
}

TEST_F(WeaviateRoutesTest, OnlyWhatChangesNothingIsOpenToReaders) {
    for (const http::Route& route : router.routes()) {
        const bool of_backups = route.path.starts_with("/v1/backups");
        const bool reads = !of_backups && (route.method == "GET" || route.method == "HEAD" ||
                                           route.path.starts_with("/v1/graphql") ||
                                           route.path == "/v1/objects/validate");
        EXPECT_EQ(route.access == http::Access::admin, !reads) << route.method << ' ' << route.path;
    }
}

TEST_F(WeaviateRoutesTest, CollectionsOfKnowledgeBasesAreNobodysClasses) {
    collections::Schema schema;
    schema.name = "Kb0123456789abcdef";
    ASSERT_TRUE(database->create(access::system_principal(), schema));
    EXPECT_EQ(ask("GET", "/v1/schema").body, R"({"classes":[]})");
    EXPECT_EQ(ask("GET", "/v1/schema/Kb0123456789abcdef").status, 404);
    EXPECT_EQ(ask("GET", "/v1/schema/kb0123456789abcdef").status, 404);
    EXPECT_EQ(ask("DELETE", "/v1/schema/Kb0123456789abcdef").status, 200);
    EXPECT_EQ(database->schemas(access::system_principal()).size(), 1);
    EXPECT_EQ(ask("POST", "/v1/schema", R"({"class":"Kb0123456789abcdef"})").status, 422);
    EXPECT_TRUE(graphql("{Get{Kb0123456789abcdef{text}}}").contains("Cannot query field"));
    EXPECT_TRUE(graphql("{Aggregate{Kb0123456789abcdef{meta{count}}}}").contains("Cannot query"));
    const auto written =
        ask("POST", "/v1/batch/objects", R"({"objects":[{"class":"Kb0123456789abcdef"}]})");
    EXPECT_TRUE(written.body.contains("FAILED")) << written.body;
}

TEST_F(WeaviateRoutesTest, TextsAreEmbeddedOnceWhenWrittenAndWhenAsked) {
    ASSERT_EQ(
        ask("POST",
            "/v1/schema",
            R"({"class":"Note","vectorizer":"text2vec-x","properties":[{"name":"text","dataType":["text"]}]})"
        )
            .status,
        200
    );
    const auto rows = ask(
        "POST",
        "/v1/batch/objects",
        R"({"objects":[{"class":"Note","properties":{"text":"aaa"}},{"class":"Note","properties":{"text":"bbb"}}]})"
    );
    EXPECT_EQ(rows.status, 200);
    EXPECT_FALSE(rows.body.contains("FAILED")) << rows.body;
    EXPECT_EQ(
        graphql("{Get{Note(nearText:{concepts:[\"b\"]} limit:1){text _additional{vector}}}}"),
        R"({"data":{"Get":{"Note":[{"text":"bbb","_additional":{"vector":[0,3,0.1]}}]}}})"
    );
    // Away from what it is near to.
    EXPECT_EQ(
        graphql("{Get{Note(nearText:{concepts:[\"ab\"] moveAwayFrom:{force:1 concepts:[\"bbbb\"]}} "
                "limit:1){text}}}"),
        R"({"data":{"Get":{"Note":[{"text":"aaa"}]}}})"
    );
}

TEST_F(WeaviateRoutesTest, ABadObjectDoesNotStopTheOthersOfItsBatch) {
    ask("POST", "/v1/schema", R"({"class":"Doc","properties":[{"name":"n","dataType":["int"]}]})");
    const auto rows =
        json::read(ask("POST",
                       "/v1/batch/objects",
                       R"({"objects":[{"class":"Doc","properties":{"n":1},"vector":[1,2]},
                       {"class":"Doc","properties":{"n":"x"}},
                       {"class":"Doc","properties":{"n":3},"vector":[1,2,3]},
                       {"class":"Doc","id":"bad"},
                       {"class":"Doc","properties":{"n":2.0}}]})")
                       .body);
    ASSERT_TRUE(rows);
    std::string statuses;
    for (const json::Value& row : rows->get_array())
        statuses += json::string_or(row.at("result"), "status").substr(0, 1);
    EXPECT_EQ(statuses, "SFFFS");
    EXPECT_TRUE(ask("GET", "/v1/nodes/Doc").body.contains(R"("objectCount":2)"));
}

TEST_F(WeaviateRoutesTest, ModelsRankAndWriteAboutWhatWasFound) {
    ask("POST", "/v1/schema", R"({"class":"Doc","properties":[{"name":"t","dataType":["text"]}]})");
    ask("POST",
        "/v1/batch/objects",
        R"({"objects":[{"class":"Doc","properties":{"t":"b"}},{"class":"Doc","properties":{"t":"b b"}}]})"
    );
    EXPECT_EQ(
        graphql("{Get{Doc(bm25:{query:\"b\"}){t _additional{rerank(property:\"t\"){score}"
                "generate(singleResult:{prompt:\"say {t}\"} groupedResult:{task:\"sum\"})"
                "{singleResult groupedResult error}}}}}"),
        R"({"data":{"Get":{"Doc":[{"t":"b b","_additional":{"rerank":[{"score":0.75}],)"
        R"("generate":{"singleResult":"> say b b","groupedResult":"> sum:\n[{\"t\":\"b b\"},{\"t\":\"b\"}]",)"
        R"("error":null}}},{"t":"b","_additional":{"rerank":[{"score":0.25}],)"
        R"("generate":{"singleResult":"> say b","groupedResult":null,"error":null}}}]}}})"
    );
    EXPECT_EQ(modules.asked, "b");
    EXPECT_TRUE(
        graphql(
            "{Get{Doc{t _additional{generate(singleResult:{prompt:\"{none}\"}){singleResult}}}}}"
        )
            .contains("an object lacks")
    );
}

TEST_F(WeaviateRoutesTest, AnAliasStandsForItsClass) {
    ask("POST", "/v1/schema", R"({"class":"One"})");
    ask("POST", "/v1/schema", R"({"class":"Two"})");
    ask("POST", "/v1/objects", R"({"class":"Two","properties":{"t":"in two"}})");
    const auto made = ask("POST", "/v1/aliases", R"({"alias":"now","class":"One"})");
    EXPECT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.body, R"({"alias":"Now","class":"One"})");
    EXPECT_EQ(ask("POST", "/v1/aliases", R"({"alias":"Now","class":"Two"})").status, 422);
    EXPECT_EQ(ask("POST", "/v1/aliases", R"({"alias":"One","class":"Two"})").status, 422);
    EXPECT_EQ(ask("POST", "/v1/aliases", R"({"alias":"X","class":"None"})").status, 422);
    EXPECT_EQ(ask("PUT", "/v1/aliases/Now", R"({"class":"Two"})").status, 200);
    EXPECT_EQ(ask("GET", "/v1/aliases/Now").body, R"({"alias":"Now","class":"Two"})");
    EXPECT_EQ(graphql("{Get{Now{t}}}"), R"({"data":{"Get":{"Now":[{"t":"in two"}]}}})");
    EXPECT_EQ(ask("GET", "/v1/aliases").body, R"({"aliases":[{"alias":"Now","class":"Two"}]})");
    EXPECT_EQ(ask("DELETE", "/v1/aliases/Now").status, 204);
    EXPECT_EQ(ask("DELETE", "/v1/aliases/Now").status, 404);
    EXPECT_EQ(ask("GET", "/v1/schema/Two").status, 200);
    // Those of knowledge bases are no classes here either.
    collections::Schema schema;
    schema.name = "Kb0123456789abcdef";
    ASSERT_TRUE(database->create(access::system_principal(), schema));
    ASSERT_TRUE(database->put_alias(access::system_principal(), {"Hidden", schema.name}));
    EXPECT_EQ(ask("GET", "/v1/aliases").body, R"({"aliases":[]})");
    EXPECT_EQ(
        ask("POST", "/v1/aliases", R"({"alias":"Seen","class":"Kb0123456789abcdef"})").status, 422
    );
}

TEST_F(WeaviateRoutesTest, AClassAndItsPropertiesCanChange) {
    const auto made = ask(
        "POST",
        "/v1/schema",
        R"({"class":"Doc","properties":[{"name":"t","dataType":["text"]},{"name":"n","dataType":["int"]}],)"
        R"("vectorConfig":{"a":{"vectorizer":{"none":{}}},"b":{"vectorizer":{"none":{}}}}})"
    );
    ASSERT_EQ(made.status, 200) << made.body;
    ask("POST",
        "/v1/objects",
        R"({"class":"Doc","properties":{"t":"x","n":1},"vectors":{"a":[1,0],"b":[0,1]}})");
    EXPECT_EQ(
        ask("PUT", "/v1/schema/Doc/properties/n", R"({"name":"size","dataType":["int"]})").status,
        200
    );
    EXPECT_EQ(
        ask("PUT", "/v1/schema/Doc/properties/size", R"({"name":"t","dataType":["int"]})").status,
        422
    );
    EXPECT_EQ(graphql("{Get{Doc{t size}}}"), R"({"data":{"Get":{"Doc":[{"t":"x","size":1}]}}})");
    EXPECT_EQ(ask("DELETE", "/v1/schema/Doc/properties/t").status, 200);
    EXPECT_EQ(ask("DELETE", "/v1/schema/Doc/properties/t").status, 404);
    EXPECT_TRUE(graphql("{Get{Doc{t}}}").contains("Cannot query field"));
    EXPECT_EQ(ask("DELETE", "/v1/schema/Doc/vectors/a").status, 200);
    EXPECT_EQ(ask("DELETE", "/v1/schema/Doc/vectors/a").status, 404);
    EXPECT_EQ(
        graphql("{Get{Doc{size _additional{vectors{b}}}}}"),
        R"({"data":{"Get":{"Doc":[{"size":1,"_additional":{"vectors":{"b":[0,1]}}}]}}})"
    );
    EXPECT_EQ(ask("GET", "/v1/schema/Doc/changes").body, R"({"changes":[]})");
    EXPECT_EQ(ask("POST", "/v1/schema/Doc/rename", R"({"class":"Paper"})").status, 200);
    EXPECT_EQ(graphql("{Get{Paper{size}}}"), R"({"data":{"Get":{"Paper":[{"size":1}]}}})");
    EXPECT_EQ(graphql("{Get{Doc{size}}}"), R"({"data":{"Get":{"Doc":[{"size":1}]}}})");
    EXPECT_EQ(
        ask("POST", "/v1/schema/Paper/rename", R"({"class":"Kb0123456789abcdef"})").status, 422
    );
}

TEST_F(WeaviateRoutesTest, ShardsOfTenantsTellTheirOwnNumbers) {
    ask("POST", "/v1/schema", R"({"class":"Mail","multiTenancyConfig":{"enabled":true}})");
    ask("POST",
        "/v1/schema/Mail/tenants",
        R"([{"name":"a"},{"name":"b"},{"name":"cold","activityStatus":"COLD"}])");
    for (int i = 0; i < 3; ++i)
        ask("POST", "/v1/objects", R"({"class":"Mail","tenant":"a","properties":{"t":"x"}})");
    const std::string all = ask("GET", "/v1/schema/Mail/shards").body;
    EXPECT_EQ(
        all,
        R"([{"name":"a","status":"READY","vectorQueueSize":0},)"
        R"({"name":"b","status":"READY","vectorQueueSize":0}])"
    );
    const std::string nodes = ask("GET", "/v1/nodes").body;
    EXPECT_TRUE(nodes.contains(R"("stats":{"objectCount":3,"shardCount":2})")) << nodes;
}

TEST_F(WeaviateRoutesTest, GraphqlSearchesSeveralVectors) {
    const auto made =
        ask("POST",
            "/v1/schema",
            R"({"class":"P","properties":[{"name":"t","dataType":["text"]}],"vectorConfig":{)"
            R"("a":{"vectorizer":{"none":{}},"vectorIndexConfig":{"distance":"l2-squared"}},)"
            R"("b":{"vectorizer":{"none":{}},"vectorIndexConfig":{"distance":"l2-squared"}}}})");
    ASSERT_EQ(made.status, 200) << made.body;
    ask("POST",
        "/v1/batch/objects",
        R"({"objects":[{"class":"P","properties":{"t":"x"},"vectors":{"a":[0],"b":[5,0]}},)"
        R"({"class":"P","properties":{"t":"y"},"vectors":{"a":[3],"b":[1,0]}},)"
        R"({"class":"P","properties":{"t":"only a"},"vectors":{"a":[0]}}]})");
    const auto search = [this](std::string_view targets) {
        return graphql(
            "{Get{P(nearVector:{vectorPerTarget:{a:[0] b:[0,0]} targets:{" + std::string(targets) +
            "}}){t _additional{distance}}}}"
        );
    };
    EXPECT_EQ(
        search("targetVectors:[\"a\",\"b\"] combinationMethod:sum"),
        R"({"data":{"Get":{"P":[{"t":"y","_additional":{"distance":10}},)"
        R"({"t":"x","_additional":{"distance":25}}]}}})"
    );
    EXPECT_EQ(
        search("targetVectors:[\"b\",\"a\"] combinationMethod:manualWeights weights:{a:10 b:1}"),
        R"({"data":{"Get":{"P":[{"t":"x","_additional":{"distance":25}},)"
        R"({"t":"y","_additional":{"distance":91}}]}}})"
    );
    EXPECT_EQ(
        search("targetVectors:[\"a\",\"b\"]"),
        R"({"data":{"Get":{"P":[{"t":"x","_additional":{"distance":0}},)"
        R"({"t":"y","_additional":{"distance":1}}]}}})"
    );
    const std::string without =
        search("targetVectors:[\"a\",\"b\"] combinationMethod:manualWeights");
    EXPECT_TRUE(without.contains("the weight of a is missing")) << without;
    EXPECT_TRUE(search("targetVectors:[\"a\",\"c\"]").contains("no vector named c"));
}

TEST_F(WeaviateRoutesTest, HealthIsToldForAnyService) {
    for (const RpcMethod& method : rpc_methods(services())) {
        if (method.path != "/grpc.health.v1.Health/Check") continue;
        const Principal nobody;
        EXPECT_EQ(method.needs, Role::nobody);
        const auto reply =
            method.answer({.message = "\x0a\x03xyz", .principal = nobody, .client_gone = {}});
        ASSERT_TRUE(reply);
        EXPECT_EQ(*reply, std::string("\x08\x01", 2));
    }
}

TEST_F(WeaviateRoutesTest, BytesThatAreNoMessageAreRefused) {
    const Principal who = access::system_principal();
    for (const RpcMethod& method : rpc_methods(services())) {
        if (method.needs == Role::nobody) continue;
        const auto reply =
            method.answer({.message = "\xff\xff\xff", .principal = who, .client_gone = {}});
        ASSERT_FALSE(reply) << method.path;
        EXPECT_EQ(reply.error().code, ErrorCode::invalid_argument) << method.path;
    }
}

}  // namespace
}  // namespace moat::api::weaviate
