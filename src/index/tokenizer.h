#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/han_folding.h"
#include "index/stemmer.h"
#include "index/word_segmenter.h"

namespace moat::index {

// How text becomes terms.
enum class Tokenization {
    word,        // runs of letters and digits, folded; Chinese cut into characters, pairs and words
    whitespace,  // split at white space, kept as written
    lowercase,   // split at white space, lower case
    field,       // the whole text, white space at both ends removed
    trigram,     // every three letters or digits in a row, folded
    // Names of other databases for text of one language. The first three are `word`, which knows
    // Chinese and Japanese; kagome_kr also gives every pair of Hangul syllables in a word.
    gse,
    gse_ch,
    kagome_ja,
    kagome_kr,
    english,  // `word`, with words of the letters a to z cut to their English stems
};

// Text to terms, the same for documents and for queries.
//
// `word` folds case, width and compatibility forms (NFKC), and traditional Chinese characters to
// simplified ones. A run of Chinese characters gives each character, every pair of neighbours, and
// the longer words of the segmenter: characters and pairs together rank better than words alone
// (bench/retrieval_eval), and words add what people look up by name. Kana give pairs.
//
// Threads: any. Owns: the segmenter and a folding table, both first used at the first Chinese text.
class Tokenizer {
  public:
    // Without a stemmer `english` is `word`.
    explicit Tokenizer(
        std::shared_ptr<const WordSegmenter> segmenter = nullptr,
        std::shared_ptr<const Stemmer> stemmer = nullptr
    );

    // Appends the terms of `text` in order, repetitions included. A term is at most
    // kMaxTermBytes long; longer ones are cut at a character.
    void tokenize(std::string_view text, Tokenization how, std::vector<std::string>& terms) const;
    std::vector<std::string> tokenize(std::string_view text, Tokenization how) const;

    // Makes terms of `word` those of `english`.
    void stem(std::span<std::string> terms) const;

    // `pattern` with ? and * (see filters) folded as terms of `how` are, cut where such terms
    // would be; the wildcards stay. Of `english` they stand for letters of stems.
    std::vector<std::string> tokenize_pattern(std::string_view pattern, Tokenization how) const;

    static constexpr std::size_t kMaxTermBytes = 512;

  private:
    void words(std::string_view folded, bool korean, std::vector<std::string>& terms) const;
    void unspaced_run(std::string_view run, bool han, std::vector<std::string>& terms) const;
    const HanFolding& folding() const;

    const std::shared_ptr<const WordSegmenter> segmenter_;
    const std::shared_ptr<const Stemmer> stemmer_;
    mutable std::once_flag folding_made_;
    mutable std::unique_ptr<const HanFolding> folding_;  // after folding_made_
};

}  // namespace moat::index
