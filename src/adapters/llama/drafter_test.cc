#include "adapters/llama/drafter.h"

#include <gtest/gtest.h>

namespace moat::adapters::llama {
namespace {

TEST(LookupTest, GuessesWhatFollowedTheLastTime) {
    const Tokens context = {1, 2, 3, 9, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3};
    EXPECT_EQ(guess_by_lookup(context, 3), (Tokens{4, 5, 6}));
    EXPECT_EQ(guess_by_lookup(context, 100), (Tokens{4, 5, 6, 7, 1, 2, 3}));
}

TEST(LookupTest, ALongerMatchIsTrustedMore) {
    const Tokens context = {7, 8, 1, 2, 50, 3, 1, 2, 60, 7, 8, 1, 2};
    EXPECT_EQ(guess_by_lookup(context, 1), (Tokens{50}));
}

TEST(LookupTest, OneTokenInCommonIsNoMatch) {
    EXPECT_TRUE(guess_by_lookup(Tokens{1, 2, 3, 1}, 4).empty());
    EXPECT_TRUE(guess_by_lookup(Tokens{1}, 4).empty());
    EXPECT_TRUE(guess_by_lookup({}, 4).empty());
}

TEST(LookupTest, ARepetitionGoesOn) {
    EXPECT_EQ(guess_by_lookup(Tokens{1, 2, 1, 2, 1, 2}, 2), (Tokens{1, 2}));
}

TEST(GuessLedgerTest, WrongGuessesRestAndTryAgain) {
    GuessLedger ledger;
    for (int i = 0; i < 100; ++i)
        ledger.record(4, 1);
    EXPECT_FALSE(ledger.is_resting()) << "one of four is worth it";
    int steps = 0;
    for (; !ledger.is_resting() && steps < 100; ++steps)
        ledger.record(4, 0);
    EXPECT_LT(steps, 5);
    for (int i = 0; i < 64; ++i) {
        EXPECT_TRUE(ledger.is_resting());
        ledger.pass();
    }
    EXPECT_FALSE(ledger.is_resting());
}

}  // namespace
}  // namespace moat::adapters::llama
