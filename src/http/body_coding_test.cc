#include "http/body_coding.h"

#include <gtest/gtest.h>
#include <zstd.h>

namespace moat::http {
namespace {

using namespace std::string_literals;

constexpr std::size_t kRoom = std::size_t{1} << 20;

// `printf hello | gzip -n`
const std::string kHelloGzip =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00"
    "\x00\x00"s;

std::string zstd_of(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

TEST(BodyCodingTest, UnpacksWhatOthersPacked) {
    EXPECT_EQ(*decode_body(kHelloGzip, "gzip", kRoom), "hello");
    EXPECT_EQ(*decode_body(zstd_of("hello"), "zstd", kRoom), "hello");
    EXPECT_EQ(*decode_body(zstd_of("hel") + zstd_of("lo"), "ZSTD", kRoom), "hello");
    EXPECT_EQ(*decode_body("as it is", "identity", kRoom), "as it is");
}

TEST(BodyCodingTest, ASmallBodyDoesNotBecomeAHugeOne) {
    const std::string zeros(std::size_t{8} << 20, '0');
    const std::string packed = zstd_of(zeros);
    ASSERT_LT(packed.size(), 4096U);
    EXPECT_EQ(decode_body(packed, "zstd", kRoom).error().code, ErrorCode::too_large);
    EXPECT_EQ(decode_body(packed, "zstd", zeros.size())->size(), zeros.size());
    EXPECT_EQ(decode_body(kHelloGzip, "gzip", 4).error().code, ErrorCode::too_large);
}

TEST(BodyCodingTest, RefusesWhatIsCutShortDamagedOrUnknown) {
    const std::string packed = zstd_of("a body of some length, which is cut short");
    for (std::size_t length = 0; length < packed.size(); ++length) {
        EXPECT_EQ(
            decode_body(packed.substr(0, length), "zstd", kRoom).error().code,
            ErrorCode::invalid_argument
        ) << length;
    }
    for (std::size_t length = 0; length < kHelloGzip.size(); ++length) {
        EXPECT_FALSE(decode_body(kHelloGzip.substr(0, length), "gzip", kRoom)) << length;
    }
    EXPECT_FALSE(decode_body("hello", "gzip", kRoom));
    EXPECT_FALSE(decode_body("hello", "zstd", kRoom));
    EXPECT_EQ(decode_body("hello", "br", kRoom).error().code, ErrorCode::unsupported);
    EXPECT_EQ(decode_body("hello", "gzip, zstd", kRoom).error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace moat::http
