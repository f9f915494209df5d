#include "base/sha256.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_dir.h"

namespace moat {
namespace {

// FIPS 180-4 examples.
constexpr auto kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256Test, MatchesThePublishedVectors) {
    EXPECT_EQ(sha256(bytes_of("abc")).hex(), kAbc);
    EXPECT_EQ(sha256({}).hex(), kEmpty);
    EXPECT_EQ(*parse_sha256(kAbc), sha256(bytes_of("abc")));
}

TEST(Sha256Test, OfAFileEqualsThatOfItsBytes) {
    const TempDir dir;
    ASSERT_TRUE(write_file_atomically(dir.path() / "f", bytes_of("abc")));
    EXPECT_EQ(sha256_of_file(dir.path() / "f")->hex(), kAbc);
    EXPECT_EQ(sha256_of_file(dir.path() / "g").error().code, ErrorCode::not_found);
}

TEST(Sha256Test, RefusesADigestOfAnotherLength) {
    EXPECT_FALSE(parse_sha256("abcd"));
}

}  // namespace
}  // namespace moat
