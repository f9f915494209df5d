#include "index/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "index/unicode.h"

namespace moat::index {
namespace {

void push(std::vector<std::string>& terms, std::string_view term) {
    if (!term.empty()) terms.emplace_back(utf8_prefix(term, Tokenizer::kMaxTermBytes));
}

void split_at_white_space(std::string_view text, std::vector<std::string>& terms) {
    std::size_t start = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t before = at;
        if (!is_white_space(next_character(text, at))) continue;
        push(terms, text.substr(start, before - start));
        start = at;
    }
    push(terms, text.substr(start));
}

std::string_view trim(std::string_view text) {
    std::size_t begin = text.size();
    std::size_t end = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t before = at;
        if (is_white_space(next_character(text, at))) continue;
        begin = std::min(begin, before);
        end = at;
    }
    return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

bool is_hangul(char32_t character) {
    return character >= 0xAC00 && character <= 0xD7A3;  // composed syllables, as NFKC gives them
}

// Particles follow a Korean noun without a space: pairs find it with each of them. A pair that is
// the whole word stands there already.
void hangul_pairs(std::string_view word, std::vector<std::string>& terms) {
    std::size_t before = std::string_view::npos;  // where a syllable began that `at` ends
    std::size_t at = 0;
    while (at < word.size()) {
        const std::size_t start = at;
        if (!is_hangul(next_character(word, at))) {
            before = std::string_view::npos;
            continue;
        }
        const bool whole = before == 0 && at == word.size();
        if (before != std::string_view::npos && !whole)
            push(terms, word.substr(before, at - before));
        before = start;
    }
}

void trigrams(std::string_view folded, std::vector<std::string>& terms) {
    // Byte offsets of the last three letters or digits; separators do not part them.
    std::string kept;
    std::vector<std::size_t> starts;
    std::size_t at = 0;
    while (at < folded.size()) {
        const std::size_t before = at;
        if (class_of(next_character(folded, at)) == CharacterClass::other) continue;
        starts.push_back(kept.size());
        kept.append(folded.substr(before, at - before));
    }
    // Shorter text is a term by itself: it would be found by nothing otherwise.
    if (starts.size() < 3) return push(terms, kept);
    starts.push_back(kept.size());
    for (std::size_t i = 0; i + 3 < starts.size(); ++i) {
        push(terms, std::string_view(kept).substr(starts[i], starts[i + 3] - starts[i]));
    }
}

}  // namespace

Tokenizer::Tokenizer(
    std::shared_ptr<const WordSegmenter> segmenter, std::shared_ptr<const Stemmer> stemmer
)
    : segmenter_(std::move(segmenter)), stemmer_(std::move(stemmer)) {}

const HanFolding& Tokenizer::folding() const {
    std::call_once(folding_made_, [this] { folding_ = std::make_unique<const HanFolding>(); });
    return *folding_;
}

void Tokenizer::tokenize(std::string_view text, Tokenization how, std::vector<std::string>& terms)
    const {
    const std::size_t before = terms.size();
    switch (how) {
        case Tokenization::english:
            words(fold(text), false, terms);
            return stem(std::span(terms).subspan(before));
        case Tokenization::word:
        case Tokenization::gse:
        case Tokenization::gse_ch:
        case Tokenization::kagome_ja:
            words(fold(text), false, terms);
            return;
        case Tokenization::kagome_kr:
            words(fold(text), true, terms);
            return;
        case Tokenization::whitespace:
            split_at_white_space(text, terms);
            return;
        case Tokenization::lowercase:
            split_at_white_space(lower(text), terms);
            return;
        case Tokenization::field:
            push(terms, trim(text));
            return;
        case Tokenization::trigram:
            trigrams(fold(text), terms);
            return;
    }
}

std::vector<std::string> Tokenizer::tokenize(std::string_view text, Tokenization how) const {
    std::vector<std::string> terms;
    tokenize(text, how, terms);
    return terms;
}

void Tokenizer::words(std::string_view folded, bool korean, std::vector<std::string>& terms) const {
    std::size_t start = 0;
    CharacterClass run = CharacterClass::other;
    const auto finish = [&](std::size_t end) {
        const std::string_view piece = folded.substr(start, end - start);
        if (run == CharacterClass::word) push(terms, piece);
        if (run == CharacterClass::word && korean) hangul_pairs(piece, terms);
        if (run == CharacterClass::ideograph) unspaced_run(piece, true, terms);
        if (run == CharacterClass::syllable) unspaced_run(piece, false, terms);
    };
    std::size_t at = 0;
    while (at < folded.size()) {
        const std::size_t before = at;
        const CharacterClass now = class_of(next_character(folded, at));
        if (now == run) continue;
        finish(before);
        start = before;
        run = now;
    }
    finish(folded.size());
}

void Tokenizer::stem(std::span<std::string> terms) const {
    if (stemmer_ == nullptr) return;
    const auto is_stemmed = [](const std::string& term) {
        return std::ranges::all_of(term, [](char c) { return c >= 'a' && c <= 'z'; });
    };
    for (auto at = terms.begin(); at != terms.end();) {
        const auto begin = std::find_if(at, terms.end(), is_stemmed);
        at = std::find_if_not(begin, terms.end(), is_stemmed);
        stemmer_->stem({begin, at});
    }
}

void Tokenizer::unspaced_run(std::string_view run, bool han, std::vector<std::string>& terms)
    const {
    std::string text;
    std::vector<std::size_t> starts;
    std::size_t at = 0;
    while (at < run.size()) {
        const char32_t character = next_character(run, at);
        starts.push_back(text.size());
        append_character(text, han ? folding().simplified(character) : character);
    }
    const std::size_t count = starts.size();
    starts.push_back(text.size());
    const std::string_view all = text;
    const auto push_runs_of = [&](std::size_t length) {
        for (std::size_t i = 0; i + length <= count; ++i) {
            push(terms, all.substr(starts[i], starts[i + length] - starts[i]));
        }
    };
    if (han || count == 1) push_runs_of(1);
    push_runs_of(2);
    if (!han || segmenter_ == nullptr) return;
    std::vector<std::string> found;
    segmenter_->cut(text, found);
    for (const std::string& word : found) {
        // One or two characters stand there already.
        std::size_t position = 0;
        next_character(word, position);
        if (position < word.size()) next_character(word, position);
        if (position < word.size()) push(terms, word);
    }
}

std::vector<std::string> Tokenizer::tokenize_pattern(std::string_view pattern, Tokenization how)
    const {
    if (how == Tokenization::field) return {std::string(pattern)};
    if (how == Tokenization::whitespace || how == Tokenization::lowercase) {
        return tokenize(pattern, how);
    }
    std::vector<std::string> pieces;
    std::string piece;
    const std::string folded = fold(pattern);
    std::size_t at = 0;
    while (at < folded.size()) {
        const char32_t character = next_character(folded, at);
        const bool inside =
            character == '*' || character == '?' || class_of(character) != CharacterClass::other;
        if (inside) {
            append_character(
                piece,
                class_of(character) == CharacterClass::ideograph ? folding().simplified(character)
                                                                 : character
            );
        } else if (!piece.empty()) {
            pieces.push_back(std::exchange(piece, {}));
        }
    }
    if (!piece.empty()) pieces.push_back(std::move(piece));
    return pieces;
}

}  // namespace moat::index
