#include "http/router.h"

#include <gtest/gtest.h>

namespace moat::http {
namespace {

Route route(std::string method, std::string path) {
    Route out;
    out.method = std::move(method);
    out.path = std::move(path);
    out.handler = [](Exchange&) {};
    return out;
}

struct RouterTest : testing::Test {
    Router router;
    RouterTest() {
        router.add({
            route("GET", "/"),
            route("GET", "/api/kb/{kb}"),
            route("GET", "/api/kb/{kb}/documents/{id}"),
            route("POST", "/api/kb/{kb}/documents"),
            route("GET", "/api/kb/special"),
            route("GET", "/v1/models/{model...}"),
            route("GET", "/v1/models"),
            route("HEAD", "/api/blobs/{digest}"),
            route("POST", "/api/blobs/{digest}"),
        });
    }
    std::string path_of(std::string_view method, std::string_view path) const {
        const Router::Match match = router.find(method, path);
        return match.route == nullptr ? "" : match.route->path;
    }
};

TEST_F(RouterTest, ALiteralSegmentGoesBeforeAParameter) {
    EXPECT_EQ(path_of("GET", "/api/kb/special"), "/api/kb/special");
    EXPECT_EQ(path_of("GET", "/api/kb/other"), "/api/kb/{kb}");
}

TEST_F(RouterTest, ParametersAreDecodedAndMayHoldAnEncodedSlash) {
    const auto match = router.find("GET", "/api/kb/%E5%90%88%E5%90%8C/documents/a%2Fb");
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.params.at("kb"), "合同");
    EXPECT_EQ(match.params.at("id"), "a/b");
}

TEST_F(RouterTest, TheRestParameterTakesAllThatFollows) {
    EXPECT_EQ(router.find("GET", "/v1/models/ns/m:tag").params.at("model"), "ns/m:tag");
    EXPECT_EQ(path_of("GET", "/v1/models"), "/v1/models");
}

TEST_F(RouterTest, HeadIsAnsweredByGetUnlessItHasItsOwnRoute) {
    EXPECT_EQ(path_of("HEAD", "/v1/models"), "/v1/models");
    EXPECT_EQ(router.find("HEAD", "/api/blobs/x").route->method, "HEAD");
}

TEST_F(RouterTest, AKnownPathWithAnotherMethodSaysWhichAreAllowed) {
    const auto match = router.find("DELETE", "/api/kb/a/documents");
    EXPECT_EQ(match.route, nullptr);
    EXPECT_EQ(match.allow, "POST");
    EXPECT_EQ(router.find("PUT", "/v1/models").allow, "GET, HEAD");
}

TEST_F(RouterTest, UnknownPathsAreNotFound) {
    for (const std::string_view path :
         {"/api", "/api/kb/", "/api/kb/a/documents/", "/api/kb/a/b/c/d", "//", "/api/kb/%zz"}) {
        const auto match = router.find("GET", path);
        EXPECT_EQ(match.route, nullptr) << path;
    }
}

}  // namespace
}  // namespace moat::http
