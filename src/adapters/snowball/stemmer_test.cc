#include "adapters/snowball/stemmer.h"

#include <thread>

#include <gtest/gtest.h>

#include "index/tokenizer.h"

namespace moat::adapters::snowball {
namespace {

// From the table of the algorithm's own description (snowballstem.org, "The English stemming
// algorithm").
const std::vector<std::string> kWords{"consign",     "consigned",   "consigning",  "consignment",
                                      "consist",     "consisted",   "consistency", "consistent",
                                      "consolation", "consolatory", "conspiracy",  "constable",
                                      "knack",       "knackeries",  "knavish",     "kneading",
                                      "kneel",       "knees",       "knights",     "knitted",
                                      "knives",      "knocker",     "knots",       "skies"};
const std::vector<std::string> kStems{
    "consign", "consign",     "consign",    "consign",  "consist", "consist",  "consist", "consist",
    "consol",  "consolatori", "conspiraci", "constabl", "knack",   "knackeri", "knavish", "knead",
    "kneel",   "knee",        "knight",     "knit",     "knive",   "knocker",  "knot",    "sky"
};

TEST(EnglishStemmer, GivesTheStemsOfTheAlgorithmsDescription) {
    std::vector<std::string> words = kWords;
    make_english_stemmer()->stem(words);
    EXPECT_EQ(words, kStems);
}

TEST(EnglishStemmer, ServesSeveralAtATime) {
    const auto stemmer = make_english_stemmer();
    std::vector<std::vector<std::string>> all(4, kWords);
    {
        std::vector<std::jthread> threads;
        for (auto& words : all)
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    words = kWords;
                    stemmer->stem(words);
                }
            });
    }
    for (const auto& words : all)
        EXPECT_EQ(words, kStems);
}

TEST(EnglishStemmer, LeavesOtherWritingsToTheTokenizer) {
    const index::Tokenizer tokenizer(nullptr, make_english_stemmer());
    const std::vector<std::string> expected{"connect", "iphone15", "密", "码", "密码", "café"};
    EXPECT_EQ(
        tokenizer.tokenize("CONNECTIONS, iPhone15 密码 café", index::Tokenization::english),
        expected
    );
    EXPECT_EQ(
        tokenizer.tokenize("connections", index::Tokenization::word),
        std::vector<std::string>{"connections"}
    );
}

}  // namespace
}  // namespace moat::adapters::snowball
