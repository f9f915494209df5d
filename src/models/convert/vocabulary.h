#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "models/convert/model_folder.h"
#include "models/gguf_writer.h"

// The tokens of a published model, as llama.cpp wants them. Threads: any (a value).
namespace moat::models {

// As GGUF numbers them; SentencePiece's own numbers are the same.
enum class TokenKind : std::int32_t {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6
};

struct Token {
    std::string text;
    TokenKind kind = TokenKind::unused;
    float score = 0;  // "llama": higher is merged first; "t5": logarithm of its probability
};

constexpr std::uint32_t kMaxTokens = 1 << 21;

class Vocabulary {
  public:
    std::string model;            // GGUF's name of the algorithm: "gpt2", "llama", "bert", "t5"
    std::string pre = "default";  // how "gpt2" splits a text before it merges
    std::vector<std::string> merges;
    std::optional<bool> add_space_prefix;
    std::optional<bool> remove_extra_whitespaces;
    Bytes character_map;  // SentencePiece's precompiled_charsmap, of "t5" only
    std::optional<bool> lowercase;
    std::optional<bool> strip_accents;

    // Tokens may come in any order; one that comes again replaces the first.
    // Errors: invalid_argument (a number beyond kMaxTokens).
    Status place(std::int64_t id, Token token);
    const std::vector<Token>& tokens() const { return tokens_; }
    // By its text.
    std::optional<std::uint32_t> find(std::string_view text) const;
    // Exactly so many tokens: the last are dropped, or filled up with ones that stand for nothing.
    // Every text is there once afterwards, as llama.cpp needs it.
    void fit(std::uint32_t count);

    void write(GgufHead& head) const;

  private:
    std::vector<Token> tokens_;
    std::unordered_map<std::string, std::uint32_t> ids_;
};

// A tokenizer of the decoders: tokenizer.json (byte-level, or with bytes to fall back on), or
// SentencePiece's tokenizer.model; with what the other files add to it.
// Errors: not_found, invalid_argument, unsupported (another kind, another way to split).
Result<Vocabulary> read_decoder_vocabulary(const ModelFolder& folder);

// WordPiece, from tokenizer.json or vocab.txt. Errors: as above.
Result<Vocabulary> read_word_pieces(const ModelFolder& folder);

// Unigram, from the tokenizer.json of XLM-RoBERTa's family. Errors: as above.
Result<Vocabulary> read_unigram_vocabulary(const ModelFolder& folder);

// The parts of the above.
Result<Vocabulary> read_unigram(const json::Value& tokenizer);              // of tokenizer.json
Result<Vocabulary> read_bpe(const json::Value& tokenizer);                  // of tokenizer.json
Result<Vocabulary> read_sentence_pieces(std::string_view tokenizer_model);  // the file's bytes
// tokenizer.json's own, then those of tokenizer_config.json and added_tokens.json.
Status place_added_tokens(
    Vocabulary& vocabulary,
    const json::Value& tokenizer,
    const json::Value& tokenizer_config,
    const json::Value& added_tokens
);

}  // namespace moat::models
