#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>

#include "adapters/sqlite/catalog.h"
#include "adapters/sqlite/catalog_schema.h"
#include "adapters/sqlite/conversations.h"
#include "answers/answer_pipeline.h"
#include "answers/fake_parts.h"
#include "api/moat/alias_routes.h"
#include "api/moat/ask_routes.h"
#include "api/moat/backup_routes.h"
#include "api/moat/conversation_routes.h"
#include "api/moat/document_routes.h"
#include "api/moat/keys_routes.h"
#include "api/moat/knowledge_routes.h"
#include "api/moat/status_routes.h"
#include "api/moat/verify_routes.h"
#include "base/temp_dir.h"
#include "http/described_routes.h"
#include "http/recorded_exchange.h"
#include "knowledge/fake_database.h"
#include "knowledge/fake_parts.h"
#include "knowledge/local_knowledge_bases.h"

namespace moat::api::moat_api {
namespace {

const Principal kAnna{.id = "anna", .name = "Anna", .role = Role::user};
const Principal kBob{.id = "bob", .name = "Bob", .role = Role::user};

class NoKeys final : public access::KeyStorage {
  public:
    Status insert(const Record&) override { return Ok{}; }
    Result<std::vector<Record>> list() override { return std::vector<Record>(); }
    Status remove(const std::string&) override { return Ok{}; }
    Status set_last_used(const std::string&, Time) override { return Ok{}; }
};

struct MoatRoutesTest : testing::Test {
    TempDir dir;
    SystemClock clock;
    std::unique_ptr<sqlite::Database> file =
        sqlite::Database::open(dir.path() / "catalog.db", sqlite::catalog_migrations()).value();
    sqlite::Catalog catalog{*file, clock};
    sqlite::Conversations conversations{*file, clock};
    knowledge::FakeDatabase database;
    knowledge::FakeParser parser;
    knowledge::FakeEmbedder embedder;
    answers::FakeGenerator generator;
    std::unique_ptr<knowledge::LocalKnowledgeBases> bases =
        knowledge::LocalKnowledgeBases::open({.catalog = catalog,
                                              .database = database,
                                              .parser = parser,
                                              .embedder = embedder,
                                              .clock = clock,
                                              .files = dir.path() / "files",
                                              .ingest = {}}
        ).value();
    answers::AnswerPipeline pipeline{*bases, generator, conversations, clock};
    models::ModelStore store = models::ModelStore::open(dir.path() / "models").value();
    NoKeys storage;
    std::unique_ptr<access::ApiKeys> keys =
        access::ApiKeys::open(storage, clock, access::KeyRule::when_an_admin_key_exists).value();
    models::ModelStore models = *models::ModelStore::open(dir.path() / "models");
    collections::BackupJobs backups{database, dir.path() / "backups"};
    http::Router router;

    MoatRoutesTest() {
        bases->start();
        router.add(knowledge_routes(*bases));
        router.add(document_routes(*bases));
        router.add(ask_routes(pipeline));
        router.add(conversation_routes(pipeline));
        router.add(alias_routes(models));
        router.add(backup_routes(backups));
        router.add(keys_routes(*keys));
        router.add(verify_routes(store));
        router.add(status_routes(
            {.version = "1.2.3",
             .ollama_version = "0.9.9",
             .chat_model = [](const Principal&) { return std::optional<std::string>(); },
             .embedding_model = [this] { return embedder.default_model(); },
             .key_required = [] { return true; },
             .store_memory = [] { return std::size_t{5} << 20; },
             .store_memory_limit = std::size_t{64} << 20}
        ));
    }

    http::Response call(
        const std::string& method,
        const std::string& path,
        const std::string& body = "",
        std::vector<std::pair<std::string, std::string>> query = {},
        std::vector<std::pair<std::string, std::string>> headers = {},
        const Principal& who = kAnna
    ) {
        const http::Router::Match match = router.find(method, path);
        if (match.route == nullptr) {
            ADD_FAILURE() << "no route " << method << " " << path;
            return {};
        }
        http::Request request;
        request.method = method;
        request.path = path;
        request.query = std::move(query);
        request.headers = std::move(headers);
        request.params = match.params;
        request.body = body;
        request.id = "r1";
        request.principal = who;
        http::RecordedExchange exchange(std::move(request));
        match.route->handler(exchange);
        EXPECT_TRUE(exchange.finished) << method << " " << path;
        return exchange.answer;
    }
    json::Value get(const std::string& path) { return json::read(call("GET", path).body).value(); }

    // The id of a document that is ready.
    std::string upload(const std::string& name, const std::string& text) {
        const http::Response taken =
            call("POST", "/api/kb/hr/documents", text, {{"name", name}, {"create", "true"}});
        EXPECT_EQ(taken.status, 202) << taken.body;
        const std::string id = json::string_or(json::read(taken.body).value(), "id");
        for (int i = 0; i < 5000; ++i) {
            if (json::string_or(get("/api/kb/hr/documents/" + id), "stage") == "ready") return id;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        ADD_FAILURE() << "never ready";
        return id;
    }
};

TEST_F(MoatRoutesTest, ABaseIsMadeShownAndRemoved) {
    EXPECT_EQ(call("POST", "/api/kb", R"({"name":"hr"})").status, 201);
    const http::Response again = call("POST", "/api/kb", R"({"name":"hr"})");
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(
        again.body,
        R"({"error":{"code":"conflict","message":"a knowledge base of this name exists"}})"
    );
    EXPECT_EQ(json::string_or(get("/api/kb/hr"), "name"), "hr");
    EXPECT_EQ(json::find_array(get("/api/kb"), "knowledge_bases")->size(), 1U);
    EXPECT_EQ(call("GET", "/api/kb/hr", "", {}, {}, kBob).status, 404);
    EXPECT_EQ(call("DELETE", "/api/kb/hr").status, 204);
    EXPECT_EQ(call("GET", "/api/kb/hr").status, 404);
}

TEST_F(MoatRoutesTest, BadBodiesAreFourHundredsThatNameTheField) {
    const auto refused = [&](const std::string& path, const std::string& body) {
        const http::Response response = call("POST", path, body);
        EXPECT_EQ(response.status, 400) << body;
        return json::string_or(*json::find(json::read(response.body).value(), "error"), "message");
    };
    EXPECT_TRUE(refused("/api/kb", "{").starts_with("the body is not JSON"));
    EXPECT_EQ(refused("/api/kb", "[]"), "the body must be a JSON object");
    EXPECT_EQ(refused("/api/kb", ""), "\"name\" is missing");
    EXPECT_EQ(refused("/api/kb", R"({"name":7})"), "\"name\" must be a string");
    call("POST", "/api/kb", R"({"name":"hr"})");
    EXPECT_EQ(
        refused("/api/kb/hr/search", R"({"query":"x","limit":"many"})"),
        "\"limit\" must be a whole number"
    );
    EXPECT_EQ(
        refused("/api/kb/hr/search", R"({"query":"x","limit":-1})"), "limit must be from 1 to 200"
    );
    EXPECT_EQ(
        refused("/api/kb/hr/search", R"({"query":"x","fusion":"best"})"),
        "\"fusion\" must be \"relativeScore\" or \"ranked\""
    );
    EXPECT_EQ(
        refused("/api/kb/hr/search", R"({"query":"x","filter":{"a":{"b":1}}})"),
        "filter: \"a\" needs a text, number or list"
    );
    EXPECT_EQ(
        refused(
            "/api/kb/hr/search", R"({"query":"x","filter":{"op":"near","property":"a","value":1}})"
        ),
        "filter: there is no operator \"near\""
    );
    EXPECT_EQ(refused("/api/kb/hr/ask", "{}"), "question must not be empty");
    EXPECT_EQ(
        refused("/chat/stream", R"({"question":"x","stream":"no"})"),
        "\"stream\" must be true or false"
    );
    EXPECT_TRUE(refused("/api/kb/hr/documents", "text").starts_with("a document needs a name"));
}

TEST_F(MoatRoutesTest, AnUploadComesBackAsDocumentPassagesAndOriginal) {
    const std::string id = upload("folder/手册.txt", "annual leave: 15 days\nremote work\n");
    const json::Value list = get("/api/kb/hr/documents");
    const json::Array& documents = *json::find_array(list, "documents");
    ASSERT_EQ(documents.size(), 1U);
    EXPECT_EQ(json::string_or(documents[0], "name"), "folder/手册.txt");
    EXPECT_EQ(json::int_or(documents[0], "chunks", 0), 2);
    const json::Value shown = get("/api/kb/hr/documents/" + id + "/passages");
    const json::Array& passages = *json::find_array(shown, "passages");
    ASSERT_EQ(passages.size(), 2U);
    EXPECT_EQ(json::string_or(passages[1], "text"), "remote work");
    EXPECT_NE(json::find_array(passages[1], "regions"), nullptr);
    const http::Response original = call("GET", "/api/kb/hr/documents/" + id + "/content");
    EXPECT_EQ(original.body, "annual leave: 15 days\nremote work\n");
    EXPECT_EQ(original.content_type, "text/plain");
    EXPECT_EQ(original.headers[0].second, "inline; filename*=UTF-8''%E6%89%8B%E5%86%8C.txt");
    EXPECT_EQ(call("DELETE", "/api/kb/hr/documents/" + id).status, 204);
    EXPECT_EQ(call("GET", "/api/kb/hr/documents/" + id).status, 404);
}

TEST_F(MoatRoutesTest, AFormMayCarrySeveralFiles) {
    call("POST", "/api/kb", R"({"name":"hr"})");
    const std::string body =
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\none\r\n"
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../b.txt\"\r\n\r\ntwo\r\n"
        "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nthree\r\n--x--\r\n";
    const http::Response taken = call(
        "POST",
        "/api/kb/hr/documents",
        body,
        {},
        {{"content-type", "multipart/form-data; boundary=x"}}
    );
    EXPECT_EQ(taken.status, 202) << taken.body;
    const json::Value value = json::read(taken.body).value();
    ASSERT_EQ(json::find_array(value, "documents")->size(), 1U);
    ASSERT_EQ(json::find_array(value, "errors")->size(), 1U);
    const json::Value& failed = json::find_array(value, "errors")->front();
    EXPECT_EQ(json::string_or(failed, "name"), "../b.txt");
    EXPECT_EQ(json::string_or(*json::find(failed, "error"), "code"), "invalid_argument");
}

TEST_F(MoatRoutesTest, AnAnswerStreamsAsNamedEventsInOrder) {
    upload("handbook.txt", "annual leave is 15 days a year.\n");
    const http::Response answer = call("POST", "/api/kb/hr/ask", R"({"question":"annual leave"})");
    EXPECT_EQ(answer.content_type, "text/event-stream");
    std::vector<std::string> events;
    std::string done;
    std::istringstream lines(answer.body);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("event: ")) events.push_back(line.substr(7));
        if (line.starts_with("data: ") && events.back() == "done") done = line.substr(6);
    }
    EXPECT_EQ(events, (std::vector<std::string>{"thinking", "sources", "token", "done"}));
    const json::Value value = json::read(done).value();
    EXPECT_EQ(json::string_or(value, "mode"), "quoted");
    EXPECT_EQ(json::string_or(value, "status"), "completed");
    EXPECT_EQ(json::find_array(value, "citations")->size(), 1U);
    const json::Value& source = json::find_array(value, "sources")->front();
    EXPECT_EQ(json::string_or(source, "document"), "handbook.txt");
    EXPECT_EQ(json::string_or(source, "category"), "a");

    const json::Value whole =
        json::read(
            call("POST", "/chat/stream", R"({"message":"annual leave","kb":"hr","stream":false})")
                .body
        )
            .value();
    EXPECT_EQ(json::string_or(whole, "answer"), json::string_or(value, "answer"));
    // As the query string of the same route.
    EXPECT_EQ(
        call("POST", "/chat/stream", "", {{"question", "annual leave"}, {"kb", "hr"}}).status, 200
    );
    const json::Value talks = get("/api/conversations");
    ASSERT_EQ(json::find_array(talks, "conversations")->size(), 3U);
    const std::string id = json::string_or(json::find_array(talks, "conversations")->front(), "id");
    EXPECT_EQ(json::find_array(get("/api/conversations/" + id), "turns")->size(), 2U);
    EXPECT_EQ(call("DELETE", "/api/conversations/" + id, "", {}, {}, kBob).status, 404);
    EXPECT_EQ(call("DELETE", "/api/conversations/" + id).status, 204);
}

TEST_F(MoatRoutesTest, ErrorsBeforeTheFirstEventHaveAStatusAndLaterOnesAreEvents) {
    EXPECT_EQ(call("POST", "/api/kb/none/ask", R"({"question":"x"})").status, 404);
    EXPECT_EQ(call("POST", "/chat/stream", R"({"question":"x"})").status, 422);
    upload("handbook.txt", "annual leave is 15 days a year.\n");
    generator.installed = true;
    generator.fails = true;
    const http::Response answer = call("POST", "/api/kb/hr/ask", R"({"question":"annual leave"})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.ends_with(
        "event: error\ndata: {\"error\":\"model runner has unexpectedly stopped\","
        "\"code\":\"internal\"}\n\n"
    )) << answer.body;
}

TEST_F(MoatRoutesTest, StatusSaysWhatIsMissingInBothLanguages) {
    const json::Value status = get("/api/status");
    EXPECT_EQ(json::string_or(status, "version"), "1.2.3");
    EXPECT_TRUE(json::find(status, "chat_model")->is_null());
    const json::Array& notices = *json::find_array(status, "notices");
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_EQ(json::string_or(notices[0], "code"), "no_chat_model");
    EXPECT_FALSE(json::string_or(notices[1], "zh").empty());
    EXPECT_EQ(json::string_or(*json::find(status, "auth"), "principal"), "Anna");
    const json::Value& store = *json::find(status, "store");
    EXPECT_EQ(json::int_or(store, "memory_bytes", 0), 5 << 20);
    EXPECT_EQ(json::int_or(store, "memory_limit_bytes", 0), 64 << 20);
    embedder.install("minilm");
    EXPECT_EQ(json::string_or(get("/api/status"), "embedding_model"), "minilm");
}

TEST_F(MoatRoutesTest, AliasesAreForAdministratorsToChange) {
    EXPECT_EQ(router.find("GET", "/api/alias").route->access, http::Access::user);
    EXPECT_EQ(router.find("POST", "/api/alias").route->access, http::Access::admin);
    EXPECT_EQ(router.find("DELETE", "/api/alias").route->access, http::Access::admin);
    EXPECT_EQ(call("GET", "/api/alias").body, R"({"aliases":[]})");
    // The store asks as well, whatever the route let in.
    const auto refused = call("POST", "/api/alias", R"({"name":"p","target":"m"})");
    EXPECT_EQ(refused.status, 403);
    const Principal admin{.id = "root", .name = "Root", .role = Role::admin};
    const auto absent = call("POST", "/api/alias", R"({"name":"p","target":"m"})", {}, {}, admin);
    EXPECT_EQ(absent.status, 404);
    EXPECT_TRUE(absent.body.contains(R"(model \"m\" not found)")) << absent.body;
}

TEST_F(MoatRoutesTest, BackupsAreForAdministrators) {
    for (const http::Route& route : router.routes())
        if (route.path.starts_with("/api/admin/"))
            EXPECT_EQ(route.access, http::Access::admin) << route.path;
    EXPECT_EQ(call("GET", "/api/admin/backups").status, 403);  // the jobs ask as well
    const Principal admin{.id = "root", .name = "Root", .role = Role::admin};
    const auto as_admin =
        [&](const std::string& method, const std::string& path, const std::string& body) {
            return call(method, "/api/admin/backups" + path, body, {}, {}, admin);
        };
    EXPECT_EQ(as_admin("GET", "", "").body, R"({"backups":[]})");
    EXPECT_EQ(as_admin("GET", "/none", "").status, 404);
    EXPECT_EQ(as_admin("POST", "", R"({"id":"Upper"})").status, 400);
    EXPECT_EQ(as_admin("POST", "", R"({"id":"a","collections":"x"})").status, 400);
    EXPECT_EQ(as_admin("POST", "", R"({"id":"a","collections":["None"]})").status, 404);
    EXPECT_EQ(as_admin("POST", "/a/restore", R"({"collections":[{"as":"x"}]})").status, 400);
    EXPECT_EQ(as_admin("POST", "/a/files/x.sh", "text").status, 400);
}

TEST_F(MoatRoutesTest, TheDescriptionNamesExactlyTheRoutesThereAre) {
    EXPECT_EQ(http::names_of(router.routes()), http::described_routes(MOAT_OPENAPI));
}

}  // namespace
}  // namespace moat::api::moat_api
