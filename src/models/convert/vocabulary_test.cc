#include "models/convert/vocabulary.h"

#include <string>

#include <gtest/gtest.h>

#include "models/convert/pre_tokenizer.h"

// Whole tokenizers are compared with their own libraries in tests/convert; here is what those
// never write, and strangers may.
namespace moat::models {
namespace {

json::Value parsed(std::string_view text) {
    auto out = json::read(text);
    EXPECT_TRUE(out) << out.error().message;
    return *out;
}

// One field of a protocol-buffers message, by the wire format's description.
std::string field(int number, std::string_view bytes) {
    return std::string(1, static_cast<char>(number << 3 | 2)) +
           std::string(1, static_cast<char>(bytes.size())) + std::string(bytes);
}
std::string field(int number, char value) {
    return {static_cast<char>(number << 3), value};
}
const std::string kBpe = field(2, field(3, '\2'));

TEST(SentencePieces, PiecesHaveTheirScoreAndKind) {
    const std::string half("\x15\x00\x00\x00\x3f", 5);  // score = 2, fixed: 0.5
    const auto out = read_sentence_pieces(
        field(1, field(1, "<unk>") + field(3, '\2')) + field(1, field(1, "ab") + half) + kBpe +
        field(3, field(3, '\0'))
    );
    ASSERT_TRUE(out) << out.error().message;
    ASSERT_EQ(out->tokens().size(), 2U);
    EXPECT_EQ(out->tokens()[0].kind, TokenKind::unknown);
    EXPECT_EQ(out->tokens()[1].text, "ab");
    EXPECT_EQ(out->tokens()[1].score, 0.5F);
    EXPECT_EQ(out->tokens()[1].kind, TokenKind::normal);
    EXPECT_EQ(out->add_space_prefix, false);
}

TEST(SentencePieces, DamageIsAnErrorWhereverItIs) {
    const std::string whole = field(1, field(1, "ab")) + kBpe;
    ASSERT_TRUE(read_sentence_pieces(whole));
    for (const std::string& bytes : {
             std::string(),
             std::string("\0", 1),  // field number 0
             std::string("\x0b"),   // a group, which proto2 files have no more
             std::string("\x0a\x7f"
                         "ab"),        // longer than the file
             std::string(11, '\xff'),  // a number that never ends
             whole.substr(0, 3),
             field(
                 1,
                 std::string("\x0a\x05"
                             "ab")
             ),                                      // a piece longer than its message
             field(1, field(1, "\xff\xfe")) + kBpe,  // not UTF-8
         })
        EXPECT_FALSE(read_sentence_pieces(bytes));
}

TEST(SentencePieces, UnigramIsRefused) {
    const auto out = read_sentence_pieces(field(1, field(1, "ab")));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::unsupported);
}

TEST(Vocabulary, FittingFillsGapsAndDropsTheRest) {
    Vocabulary vocabulary;
    ASSERT_TRUE(vocabulary.place(0, {"a", TokenKind::normal, 0}));
    ASSERT_TRUE(vocabulary.place(3, {"d", TokenKind::normal, 0}));
    ASSERT_TRUE(vocabulary.place(9, {"z", TokenKind::normal, 0}));
    vocabulary.fit(5);
    ASSERT_EQ(vocabulary.tokens().size(), 5U);
    EXPECT_EQ(vocabulary.tokens()[1].text, "[PAD1]");
    EXPECT_EQ(vocabulary.tokens()[1].kind, TokenKind::unused);
    EXPECT_EQ(vocabulary.tokens()[3].text, "d");
    EXPECT_EQ(vocabulary.find("d"), 3U);
    EXPECT_EQ(vocabulary.find("z"), std::nullopt);
}

// llama.cpp stops the whole process at two tokens of one text.
TEST(Vocabulary, NoTextIsThereTwiceAfterFitting) {
    Vocabulary vocabulary;
    ASSERT_TRUE(vocabulary.place(0, {"a", TokenKind::normal, 0}));
    ASSERT_TRUE(vocabulary.place(1, {"[PAD0]", TokenKind::normal, 0}));
    ASSERT_TRUE(vocabulary.place(2, {"a", TokenKind::control, 0}));
    vocabulary.fit(3);
    EXPECT_EQ(vocabulary.tokens()[0].text, "[PAD0]_");
    EXPECT_EQ(vocabulary.tokens()[1].text, "[PAD0]");
    EXPECT_EQ(vocabulary.tokens()[2].kind, TokenKind::control);
}

TEST(Vocabulary, ATokenNumberedBeyondAnyIsRefused) {
    Vocabulary vocabulary;
    EXPECT_FALSE(vocabulary.place(kMaxTokens, {"a", TokenKind::normal, 0}));
    EXPECT_FALSE(vocabulary.place(-1, {"a", TokenKind::normal, 0}));
}

TEST(Bpe, DamagedTokenizersAreRefused) {
    for (const char* text : {
             R"({})",
             R"({"model":{"type":"BPE"}})",
             R"({"model":{"type":"BPE","vocab":{},"merges":[]}})",
             R"({"model":{"type":"BPE","vocab":{"a":"0"},"merges":[]}})",
             R"({"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})",
             R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["ab"]},"pre_tokenizer":{"type":"ByteLevel"}})",
             R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]},"pre_tokenizer":{"type":"ByteLevel"}})",
             R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]}})",
         })
        EXPECT_FALSE(read_bpe(parsed(text))) << text;
}

TEST(Bpe, BlanksWithinAMergeAreWrittenInTheAlphabetOfBytes) {
    const auto out =
        read_bpe(parsed(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a b","c"]]},)"
                        R"("pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}})"));
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(out->merges, (std::vector<std::string>{"a\u0120b c"}));
    EXPECT_EQ(out->pre, "gpt-2");
}

// The same expression is another tokenizer where words that are tokens are left whole.
TEST(PreTokenizer, IgnoringMergesTellsTwoTokenizersApart) {
    const auto named = [](bool ignore) {
        json::Value value = parsed(
            R"re({"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},{"type":"ByteLevel","use_regex":false,"add_prefix_space":false}]},"model":{}})re"
        );
        value.as_object()["model"].as_object()["ignore_merges"] = ignore;
        return pre_tokenizer_name(value).value_or("none");
    };
    EXPECT_EQ(named(true), "llama-bpe");
    EXPECT_EQ(named(false), "smaug-bpe");
}

TEST(PreTokenizer, NormalizersThatChangeATextAreRefused) {
    const auto of = [](const char* normalizer) {
        return pre_tokenizer_name(parsed(
            std::string(R"({"pre_tokenizer":{"type":"ByteLevel"},"normalizer":)") + normalizer + "}"
        ));
    };
    EXPECT_TRUE(of("null"));
    EXPECT_TRUE(of(R"({"type":"NFC"})"));
    EXPECT_FALSE(of(R"({"type":"Lowercase"})"));
    EXPECT_FALSE(of(R"({"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"NFKC"}]})"));
}

}  // namespace
}  // namespace moat::models
