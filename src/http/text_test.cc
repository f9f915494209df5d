// URLs, forms, events, origins and response heads: pure functions over text.
#include <gtest/gtest.h>

#include "http/multipart.h"
#include "http/origin_policy.h"
#include "http/response_writer.h"
#include "http/sse.h"
#include "http/url.h"

namespace moat::http {
namespace {

TEST(Url, TargetsAreSplitAndDecoded) {
    const auto target = parse_target("/a%20b/%E4%BD%A0?q=1+2&x=%26&empty=&flag");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a b/你");
    EXPECT_EQ(target->raw_path, "/a%20b/%E4%BD%A0");
    const std::vector<std::pair<std::string, std::string>> query = {
        {"q", "1 2"}, {"x", "&"}, {"empty", ""}, {"flag", ""}
    };
    EXPECT_EQ(target->query, query);
}

TEST(Url, TheAbsoluteFormLosesItsAuthority) {
    EXPECT_EQ(parse_target("http://a.example/x?y")->path, "/x");
    EXPECT_EQ(parse_target("https://a.example")->path, "/");
}

TEST(Url, BadTargetsAreRefused) {
    for (const std::string_view text :
         {"", "x", "*", "/%", "/%4", "/%zz", "/%00", "/%ff", "/?a=%ff"})
        EXPECT_FALSE(parse_target(text)) << text;
}

TEST(Url, EncodingKeepsUnreservedCharactersOnly) {
    EXPECT_EQ(percent_encode("a b/你~"), "a%20b%2F%E4%BD%A0~");
    EXPECT_EQ(percent_encode("a/b c", true), "a/b%20c");
}

// The example of RFC 7578 section 4.2 and RFC 2046 section 5.1.1: preamble, two parts, epilogue.
TEST(Multipart, PartsKeepTheirNamesTypesAndBytes) {
    const std::string body =
        "preamble\r\n--AaB03x\r\ncontent-disposition: form-data; name=\"field1\"\r\n\r\nJoe owes "
        "=E2=82=AC100.\r\n--AaB03x  \r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a \\\"b\\\".bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--AaB03"
        "\r\n\r\n--AaB03x\r\nContent-Disposition: form-data; "
        "name=empty\r\n\r\n\r\n--AaB03x--\r\nend";
    const auto parts = parse_multipart("multipart/form-data; boundary=AaB03x", body);
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 3U);
    EXPECT_EQ((*parts)[0].name, "field1");
    EXPECT_EQ((*parts)[0].data, "Joe owes =E2=82=AC100.");
    EXPECT_EQ((*parts)[1].filename, "a \"b\".bin");
    EXPECT_EQ((*parts)[1].content_type, "application/octet-stream");
    EXPECT_EQ((*parts)[1].data, "\r\n--AaB03\r\n");
    EXPECT_EQ((*parts)[2].name, "empty");
    EXPECT_EQ((*parts)[2].data, "");
}

TEST(Multipart, TheExtendedFileNameWins) {
    const std::string body =
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"; "
        "filename*=UTF-8''%E5%90%88%E5%90%8C.txt\r\n\r\n1\r\n--b--";
    EXPECT_EQ(
        (*parse_multipart("multipart/form-data; boundary=\"b\"", body))[0].filename, "合同.txt"
    );
}

TEST(Multipart, BrokenBodiesAreRefused) {
    const std::string type = "multipart/form-data; boundary=b";
    for (const std::string_view body :
         {"",
          "--b",
          "--b\r\n",
          "--b\r\n\r\n\r\n--b--",
          "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
          "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
          "--bx",
          "--b\r\nnocolon\r\n\r\nx\r\n--b--"})
        EXPECT_EQ(parse_multipart(type, body).error().code, ErrorCode::invalid_argument) << body;
    EXPECT_FALSE(parse_multipart("multipart/form-data", "--b--"));
    EXPECT_TRUE(parse_multipart(type, "--b--")->empty());
}

TEST(Sse, EveryLineOfTheDataIsADataLine) {
    EXPECT_EQ(sse_event("token", "a\nb"), "event: token\ndata: a\ndata: b\n\n");
    EXPECT_EQ(sse_event("", "[DONE]"), "data: [DONE]\n\n");
    EXPECT_EQ(sse_event("", "a\r\nb\rc"), "data: a\ndata: b\ndata: c\n\n");
}

TEST(Origins, PagesOfThisMachineAndNamedOnesMayCall) {
    const OriginPolicy policy({"https://*.corp.example", "chrome-extension://*"});
    for (const std::string_view origin :
         {"",
          "http://localhost",
          "https://localhost:3000",
          "http://127.0.0.1:8080",
          "app://x",
          "https://wiki.corp.example",
          "chrome-extension://abc",
          "http://my.host:11434",
          "HTTP://LOCALHOST:1"})
        EXPECT_TRUE(policy.allows(origin, "my.host:11434")) << origin;
    for (const std::string_view origin :
         {"https://evil.example",
          "http://localhost.evil.example",
          "null",
          "http://127.0.0.1.nip.io",
          "https://corp.example.evil"})
        EXPECT_FALSE(policy.allows(origin, "my.host:11434")) << origin;
}

TEST(Origins, AStarAllowsEveryPage) {
    EXPECT_TRUE(OriginPolicy({"*"}).allows("https://evil.example", ""));
}

TEST(Origins, OnlyLocalHostNamesReachALoopbackServer) {
    for (const std::string_view host :
         {"",
          "localhost",
          "localhost:11434",
          "127.0.0.1:1",
          "[::1]:11434",
          "0.0.0.0",
          "192.168.1.5:80",
          "box",
          "x.localhost",
          "a.local",
          "b.internal:80",
          "10.1.2.3",
          "172.31.0.1",
          "[fd00::1]:80",
          "[::ffff:127.0.0.1]:1"})
        EXPECT_TRUE(host_is_local(host, "box")) << host;
    for (const std::string_view host :
         {"evil.example",
          "8.8.8.8",
          "172.32.0.1:1",
          "[2001:db8::1]:1",
          "localhost.evil.example",
          "[::1",
          "127.0.0.1.nip.io"})
        EXPECT_FALSE(host_is_local(host, "box")) << host;
}

TEST(ResponseHead, NoValueCanAddAHeader) {
    const ResponseHead head{
        .status = 200,
        .content_type = "text/plain",
        .headers = {{"X-Name", "a\r\nSet-Cookie: b"}},
        .length = 0
    };
    EXPECT_FALSE(response_head(head, "now").contains("\r\nSet-Cookie"));
}

TEST(ResponseHead, DatesAreAsRfc9110WritesThem) {
    EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace moat::http
