#include "base/host_port.h"

#include <gtest/gtest.h>

namespace moat {
namespace {

struct Case {
    std::string_view text;
    std::string_view url;
};

// From the description of OLLAMA_HOST: scheme, host and port may each be left out.
TEST(HostPort, ReadsWhatOllamaHostMayHold) {
    for (const auto& [text, url] : {
             Case{"127.0.0.1:11434", "http://127.0.0.1:11434"},
             Case{"127.0.0.1", "http://127.0.0.1:11434"},
             Case{"", "http://0.0.0.0:11434"},
             Case{":8080", "http://0.0.0.0:8080"},
             Case{"http://example.com", "http://example.com:80"},
             Case{"https://example.com", "https://example.com:443"},
             Case{"https://example.com:8443/", "https://example.com:8443"},
             Case{"[::1]:5", "http://[::1]:5"},
             Case{"::1", "http://[::1]:11434"},
         }) {
        const auto read = parse_host_port(text, 11434);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->url(), url);
    }
}

TEST(HostPort, RefusesWhatIsNoAddress) {
    for (const std::string_view text :
         {"127.0.0.1:x", "127.0.0.1:70000", "ftp://a", "a b:1", "[::1", "[::1]x", "h:-1"})
        EXPECT_EQ(parse_host_port(text, 1).error().code, ErrorCode::invalid_argument) << text;
}

TEST(HostPort, OnlyThisMachineReachesLoopback) {
    for (const std::string_view text : {"localhost:1", "127.0.0.1", "127.9.9.9:1", "[::1]:1"})
        EXPECT_TRUE(parse_host_port(text, 1)->is_loopback()) << text;
    for (const std::string_view text :
         {"0.0.0.0", "10.0.0.1", "[::]:1", "example.com", "127.evil.com"})
        EXPECT_FALSE(parse_host_port(text, 1)->is_loopback()) << text;
}

}  // namespace
}  // namespace moat
