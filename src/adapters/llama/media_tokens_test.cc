#include "adapters/llama/media_tokens.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace moat::adapters::llama {
namespace {

using Tokens = std::vector<llama_token>;

Tokens joined(std::initializer_list<Tokens> parts) {
    Tokens out;
    for (const Tokens& part : parts)
        out.insert(out.end(), part.begin(), part.end());
    return out;
}

TEST(MediaTokens, EqualOnlyForEqualDigestsRowsAndPositions) {
    const Sha256 one = sha256(bytes_of("one"));
    const Sha256 two = sha256(bytes_of("two"));
    const Tokens tokens = media_tokens(12, 4, one);
    EXPECT_EQ(tokens.size(), 12);
    EXPECT_TRUE(std::ranges::all_of(tokens, is_media));
    EXPECT_EQ(tokens, media_tokens(12, 4, one));
    EXPECT_NE(tokens, media_tokens(12, 4, two));
    EXPECT_NE(tokens, media_tokens(12, 12, one));
    const Tokens other = media_tokens(12, 4, two);
    for (std::size_t i = 0; i < tokens.size(); ++i)
        EXPECT_NE(tokens[i], other[i]) << "row " << i;
}

TEST(MediaTokens, ABeginningNeverEndsWithinAnImage) {
    const Sha256 digest = sha256(bytes_of("x"));
    // Text, two images side by side, text.
    const Tokens all =
        joined({{1, 2}, media_tokens(5, 5, digest), media_tokens(3, 2, digest), {3, 4}});
    const std::size_t expected[] = {0, 1, 2, 2, 2, 2, 2, 7, 7, 7, 10, 11, 12};
    for (std::size_t length = 0; length <= all.size(); ++length)
        EXPECT_EQ(whole_beginning(all, length), expected[length]) << length;
    const std::size_t ends[] = {0, 1, 2, 7, 7, 7, 7, 7, 10, 10, 10, 11, 12};
    for (std::size_t length = 0; length <= all.size(); ++length)
        EXPECT_EQ(whole_end(all, length), ends[length]) << length;
    EXPECT_EQ(without_media(all), (Tokens{1, 2, 3, 4}));
}

TEST(MediaTokens, AnImageTakesThePositionsItWasMadeWith) {
    const Sha256 digest = sha256(bytes_of("x"));
    EXPECT_EQ(positions_of(Tokens{5, 6, 7}), 3);
    EXPECT_EQ(positions_of(media_tokens(1, 1, digest)), 1);
    EXPECT_EQ(positions_of(media_tokens(12, 4, digest)), 4);
    EXPECT_EQ(positions_of(media_tokens(750, 750, digest)), 750);
    EXPECT_EQ(
        positions_of(joined(
            {{1}, media_tokens(12, 4, digest), media_tokens(20, 5, digest), {2, 3}, Tokens{4}}
        )),
        1 + 4 + 5 + 3
    );
}

}  // namespace
}  // namespace moat::adapters::llama
