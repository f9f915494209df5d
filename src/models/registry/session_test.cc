#include "models/registry/session.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "models/registry/remote_name.h"
#include "models/registry/scripted_transfer.h"

namespace moat::models {
namespace {

class FixedClock final : public Clock {
  public:
    Time now() const override { return from_unix_ms(1'700'000'000'000); }
};

TransferReply challenge(std::string header) {
    return {.status = 401, .headers = {{"www-authenticate", std::move(header)}}};
}

struct SessionTest : testing::Test {
    FixedClock clock;
    SigningKey key = SigningKey::generate();
    std::string credentials = R"({"auths":{}})";

    Result<TransferReply> get(ScriptedTransfer& http, std::string url) {
        const RegistryAccess access{
            .http = http,
            .clock = clock,
            .credentials = [this] { return Credentials::parse(credentials); },
            .signing_key = [this]() -> Result<SigningKey> { return key; },
            .user_agent = "test"
        };
        auto session = RegistrySession::open(access, "https://registry.example");
        if (!session) return session.error();
        return (*session)->send({.url = std::move(url)}, nullptr, {});
    }
};

TEST_F(SessionTest, SignsTheTokensAddress) {
    ScriptedTransfer http([](const TransferRequest& request) -> Result<TransferReply> {
        if (request.url.contains("/token"))
            return TransferReply{.status = 200, .body = R"({"token":"abc"})"};
        if (header_of(request, "Authorization") == "Bearer abc")
            return TransferReply{.status = 200};
        return challenge(R"(Bearer realm="https://registry.example/token",service="s",scope="a b")"
        );
    });
    const auto reply = get(http, "https://registry.example/v2/x");
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
    const auto asked = http.asked();
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_TRUE(asked[1].url.starts_with(
        "https://registry.example/token?service=s&scope=a&scope=b&ts=1700000000&nonce="
    ));
    // SHA-256 of nothing, in hex, in base64.
    const std::string signed_text =
        "GET," + asked[1].url +
        ",ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ==";
    EXPECT_EQ(
        header_of(asked[1], "Authorization"),
        key.public_key() + ":" + to_base64(key.sign(bytes_of(signed_text)))
    );
}

TEST_F(SessionTest, AsksForATokenWithAPassword) {
    credentials = R"({"auths":{"https://registry.example/v1/":{"auth":"dTpw"}}})";  // u:p
    ScriptedTransfer http([](const TransferRequest& request) -> Result<TransferReply> {
        if (request.url.contains("/token"))
            return TransferReply{.status = 200, .body = R"({"access_token":"abc"})"};
        if (header_of(request, "Authorization") == "Bearer abc")
            return TransferReply{.status = 200};
        return challenge(R"(Bearer realm="https://registry.example/token")");
    });
    ASSERT_TRUE(get(http, "https://registry.example/v2/x"));
    EXPECT_EQ(header_of(http.asked()[1], "Authorization"), "Basic dTpw");
}

TEST_F(SessionTest, CredentialsStayAtTheirOrigin) {
    credentials = R"({"auths":{"registry.example":{"registrytoken":"abc"}}})";
    ScriptedTransfer http([](const TransferRequest& request) -> Result<TransferReply> {
        if (request.url.starts_with("https://registry.example"))
            return TransferReply{
                .status = 307, .headers = {{"location", "https://cdn.example/blob?sig=1"}}
            };
        return TransferReply{.status = 200};
    });
    const auto reply = get(http, "https://registry.example/v2/x");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->url, "https://cdn.example/blob?sig=1");
    const auto asked = http.asked();
    EXPECT_EQ(header_of(asked[0], "Authorization"), "Bearer abc");
    EXPECT_EQ(header_of(asked[1], "Authorization"), "");
}

TEST_F(SessionTest, NeitherTokensNorRedirectsLeaveTls) {
    ScriptedTransfer token([](const TransferRequest&) -> Result<TransferReply> {
        return challenge(R"(Bearer realm="http://registry.example/token")");
    });
    EXPECT_EQ(get(token, "https://registry.example/").error().code, ErrorCode::corrupt);
    EXPECT_EQ(token.asked().size(), 1U);
    ScriptedTransfer redirect([](const TransferRequest&) -> Result<TransferReply> {
        return TransferReply{.status = 302, .headers = {{"location", "http://registry.example/"}}};
    });
    EXPECT_EQ(get(redirect, "https://registry.example/").error().code, ErrorCode::corrupt);
    EXPECT_EQ(redirect.asked().size(), 1U);
}

TEST_F(SessionTest, ARefusalSaysWhatToDo) {
    ScriptedTransfer http([](const TransferRequest& request) -> Result<TransferReply> {
        if (request.url.contains("/token")) return TransferReply{.status = 403};
        return challenge(R"(Bearer realm="https://registry.example/token")");
    });
    const auto reply = get(http, "https://registry.example/v2/x");
    EXPECT_EQ(reply.error().code, ErrorCode::unauthenticated);
    EXPECT_TRUE(reply.error().message.contains("ssh-ed25519 " + key.public_key()));
    EXPECT_TRUE(reply.error().message.contains("keys/registries.json"));
}

TEST(ChallengeTest, ReadsQuotedAndBareValues) {
    const auto read =
        parse_challenge(R"(bearer Realm="https://a/t?x=\"1\"", service=s , other="y,z")");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->realm, R"(https://a/t?x="1")");
    EXPECT_EQ(read->service, "s");
    EXPECT_EQ(parse_challenge("Basic realm=\"x\"")->kind, Challenge::Kind::basic);
    EXPECT_EQ(parse_challenge("Basic")->kind, Challenge::Kind::basic);
}

TEST(ChallengeTest, RefusesWhatIsNotWellFormed) {
    for (const char* text :
         {"",
          "Bearer",
          "Bearer realm",
          "Bearer realm=\"x",
          "Bearer realm=\"x\\",
          "Bearer realm=\"x\" y",
          "Digest realm=\"x\"",
          "Bearer service=\"x\""})
        EXPECT_FALSE(parse_challenge(text)) << text;
    EXPECT_FALSE(parse_challenge("Bearer realm=\"" + std::string(9000, 'x') + "\""));
}

TEST(UrlTest, ResolvesAsTheExamplesOfRfc3986) {
    const Url base = *parse_url("http://a/b/c/d?q");
    EXPECT_EQ(resolve(base, "g")->text(), "http://a/b/c/g");
    EXPECT_EQ(resolve(base, "/g")->text(), "http://a/g");
    EXPECT_EQ(resolve(base, "//g")->text(), "http://g/");
    EXPECT_EQ(resolve(base, "?y")->text(), "http://a/b/c/d?y");
    EXPECT_EQ(resolve(base, "https://h/x?u=http://i/")->text(), "https://h/x?u=http://i/");
}

TEST(UrlTest, RefusesWhatIsNoPlainAddress) {
    for (const char* text :
         {"",
          "file:///etc/passwd",
          "https://",
          "https://user:word@host/",
          "https://host/a b",
          "https://host/\r\nX: y",
          "ftp://host/",
          "https://ho\\st/"})
        EXPECT_FALSE(parse_url(text)) << text;
}

TEST(RemoteNameTest, HasOllamasDefaults) {
    const auto plain = parse_remote_name("llama3.2", false);
    EXPECT_EQ(
        plain->manifest_url(), "https://registry.ollama.ai/v2/library/llama3.2/manifests/latest"
    );
    const auto hub = parse_remote_name("hf.co/user/Repo-GGUF:Q4_K_M", false);
    EXPECT_EQ(hub->manifest_url(), "https://hf.co/v2/user/Repo-GGUF/manifests/Q4_K_M");
    EXPECT_EQ(
        parse_remote_name("http://h:5000/a/b", false).error().message, "insecure protocol http"
    );
    EXPECT_EQ(parse_remote_name("http://h:5000/a/b", true)->base(), "http://h:5000/v2/a/b");
    EXPECT_FALSE(parse_remote_name("ftp://h/a/b", true));
}

TEST(CredentialsTest, NameTheHostButNotTheSecretOfAWrongEntry) {
    const auto read =
        Credentials::parse(R"({"auths":{"h.example":{"auth":"c2VjcmV0"}}})");  // secret
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().message.contains("h.example"));
    EXPECT_FALSE(read.error().message.contains("c2Vj"));
    EXPECT_FALSE(Credentials::parse("[]"));
    EXPECT_EQ(Credentials::parse(R"({"auths":{}})")->find("x"), nullptr);
}

}  // namespace
}  // namespace moat::models
