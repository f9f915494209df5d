#include "base/bytes.h"

#include <gtest/gtest.h>

namespace moat {
namespace {

// RFC 4648, section 10.
TEST(Base64, MatchesThePublishedVectors) {
    EXPECT_EQ(to_base64(bytes_of("")), "");
    EXPECT_EQ(to_base64(bytes_of("f")), "Zg==");
    EXPECT_EQ(to_base64(bytes_of("fo")), "Zm8=");
    EXPECT_EQ(to_base64(bytes_of("foo")), "Zm9v");
    EXPECT_EQ(to_base64(bytes_of("foobar")), "Zm9vYmFy");
    EXPECT_EQ(text_of(*from_base64("Zm9vYmE=")), "fooba");
    EXPECT_EQ(text_of(*from_base64("Zm9vYg")), "foob");
}

TEST(Base64, RefusesForeignCharactersAndACutGroup) {
    EXPECT_FALSE(from_base64("Zm9v!"));
    EXPECT_FALSE(from_base64("Zm9vY"));
}

TEST(Hex, RoundTripsAndRefusesOddOrForeignDigits) {
    EXPECT_EQ(to_hex(bytes_of("\x01\xAB")), "01ab");
    EXPECT_EQ(text_of(*from_hex("4D6f")), "Mo");
    EXPECT_FALSE(from_hex("4D6"));
    EXPECT_FALSE(from_hex("zz"));
}

// The classes of Unicode 15, table 3-7, one each.
TEST(Utf8, RefusesOverlongSurrogateTooLargeAndCutSequences) {
    EXPECT_TRUE(is_utf8("a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"));
    for (const std::string_view bad :
         {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE4\xB8", "\x80"}) {
        EXPECT_FALSE(is_utf8(bad));
        EXPECT_TRUE(is_utf8(to_valid_utf8(bad)));
    }
}

TEST(Utf8, PrefixNeverCutsACharacter) {
    EXPECT_EQ(utf8_prefix("ab\xE4\xB8\xAD", 4), "ab");
    EXPECT_EQ(utf8_prefix("ab\xE4\xB8\xAD", 5), "ab\xE4\xB8\xAD");
    EXPECT_EQ(utf8_prefix("abc", 9), "abc");
}

}  // namespace
}  // namespace moat
