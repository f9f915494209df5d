#include <gtest/gtest.h>

#include "cli/http_client.h"

namespace moat::cli {
namespace {

// The rules of OLLAMA_HOST.
TEST(ServerUrl, ReadsEveryFormOfOllamaHost) {
    EXPECT_EQ(server_url(""), "http://127.0.0.1:11434");
    EXPECT_EQ(server_url("1.2.3.4"), "http://1.2.3.4:11434");
    EXPECT_EQ(server_url(":1234"), "http://127.0.0.1:1234");
    EXPECT_EQ(server_url("0.0.0.0:8080"), "http://127.0.0.1:8080");
    EXPECT_EQ(server_url("http://example.com"), "http://example.com:80");
    EXPECT_EQ(server_url("https://example.com/"), "https://example.com:443");
    EXPECT_EQ(server_url("1.2.3.4:none"), "http://1.2.3.4:11434");
    EXPECT_EQ(server_url("1.2.3.4:66000"), "http://1.2.3.4:11434");
    EXPECT_EQ(server_url("[::1]:99"), "http://[::1]:99");
    EXPECT_EQ(server_url("::1"), "http://[::1]:11434");
}

TEST(UrlEncode, LeavesOnlyUnreservedCharacters) {
    EXPECT_EQ(url_encode("a/b c~中"), "a%2Fb%20c~%E4%B8%AD");
}

}  // namespace
}  // namespace moat::cli
