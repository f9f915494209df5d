#include "cli/api_client.h"

#include <vector>

#include <gtest/gtest.h>

namespace moat::cli {
namespace {

// Answers every request with one reply, its body in pieces of `piece` bytes.
class CannedClient final : public HttpClient {
  public:
    int status = 200;
    std::string body;
    std::size_t piece = 3;

    Result<HttpReply> send(const HttpRequest&, const BodySink& sink) override {
        if (!sink || status >= 400) return HttpReply{status, body};
        for (std::size_t at = 0; at < body.size(); at += piece) {
            if (!sink(std::string_view(body).substr(at, piece)))
                return Error{ErrorCode::cancelled, "stopped"};
        }
        return HttpReply{status, ""};
    }
};

struct ApiClientTest : testing::Test {
    CannedClient http;
    ApiClient api{http};
};

TEST_F(ApiClientTest, TellsTheServersOwnWordsInBothErrorForms) {
    http.status = 404;
    http.body = R"({"error":"model 'x' not found"})";
    EXPECT_EQ(api.get("/").error().message, "model 'x' not found");
    http.body = R"({"error":{"code":"not_found","message":"no such key"}})";
    EXPECT_EQ(api.get("/").error().message, "no such key");
    EXPECT_EQ(api.get("/").error().code, ErrorCode::not_found);
}

TEST_F(ApiClientTest, CutsLinesAcrossPiecesAndStopsAtAnError) {
    http.body = "{\"n\":1}\n{\"n\":2}\n{\"error\":\"gone\"}\n{\"n\":3}\n";
    std::vector<std::int64_t> seen;
    const Status done = api.post_lines("/", {}, [&](const json::Value& line) {
        seen.push_back(json::int_or(line, "n", 0));
        return true;
    });
    EXPECT_EQ(done.error().message, "gone");
    EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(ApiClientTest, ReadsEventsByNameAndEndsAtTheErrorEvent) {
    http.body =
        "event: token\ndata: {\"token\":\"a\"}\n\nevent: error\r\ndata: {\"error\":\"no\"}\r\n\r\n";
    std::vector<std::string> names;
    const Status done = api.post_events("/", {}, [&](std::string_view name, const json::Value&) {
        names.emplace_back(name);
        return true;
    });
    EXPECT_EQ(done.error().message, "no");
    EXPECT_EQ(names, std::vector<std::string>{"token"});
}

TEST_F(ApiClientTest, StoppingEarlyIsNoError) {
    http.body = "{\"n\":1}\n{\"n\":2}\n";
    EXPECT_TRUE(api.post_lines("/", {}, [](const json::Value&) { return false; }));
}

}  // namespace
}  // namespace moat::cli
