#include "adapters/llama/pair_tokens.h"

#include <algorithm>
#include <string_view>

#include "base/bytes.h"

namespace moat::adapters::llama {
namespace {

// The texts go in as they are: a mark in one of them is not filled in again.
std::string filled(
    std::string_view pattern, const std::string& query, const std::string& document
) {
    std::string out;
    while (!pattern.empty()) {
        if (pattern.starts_with("{query}")) {
            out += query;
            pattern.remove_prefix(std::string_view("{query}").size());
        } else if (pattern.starts_with("{document}")) {
            out += document;
            pattern.remove_prefix(std::string_view("{document}").size());
        } else {
            out += pattern.front();
            pattern.remove_prefix(1);
        }
    }
    return out;
}

void add(Tokens& tokens, llama_token token) {
    if (token != LLAMA_TOKEN_NULL) tokens.push_back(token);
}

}  // namespace

PairTokens::PairTokens(const Model& model, std::string query)
    : model_(model), query_(std::move(query)) {
    if (const char* pattern = llama_model_chat_template(model.get(), "rerank")) {
        template_ = pattern;
        return;
    }
    const llama_vocab* vocabulary = model.vocabulary();
    const llama_token separator = llama_vocab_sep(vocabulary);
    const llama_token end =
        llama_vocab_eos(vocabulary) == LLAMA_TOKEN_NULL ? separator : llama_vocab_eos(vocabulary);
    const Tokens inner = model.tokenize(query_, false, false);
    if (llama_vocab_get_add_bos(vocabulary)) add(front_, llama_vocab_bos(vocabulary));
    front_.insert(front_.end(), inner.begin(), inner.end());
    if (llama_vocab_get_add_eos(vocabulary)) add(front_, end);
    if (llama_vocab_get_add_sep(vocabulary)) add(front_, separator);
    // BERT's own form has its separator at both ends; a vocabulary with an end has that there.
    if (llama_vocab_get_add_eos(vocabulary)) {
        end_ = end;
    } else if (llama_vocab_get_add_sep(vocabulary)) {
        end_ = separator;
    }
}

Tokens PairTokens::with(const std::string& document, std::size_t most) const {
    Tokens tokens = whole(document);
    if (tokens.size() <= most) return tokens;
    const std::size_t excess = tokens.size() - most;
    Tokens inner = model_.tokenize(document, false, false);
    // Its last words may join what follows them otherwise than these tokens do.
    constexpr std::size_t kMargin = 2;
    const std::size_t gone = std::min(inner.size(), excess + kMargin);
    inner.resize(inner.size() - gone);
    tokens = whole(std::string(utf8_prefix(model_.detokenize(inner), document.size())));
    return tokens;
}

Tokens PairTokens::whole(const std::string& document) const {
    // What the texts say of special tokens counts in a template, and only there.
    if (!template_.empty())
        return model_.tokenize(filled(template_, query_, document), false, true);
    Tokens tokens = front_;
    const Tokens inner = model_.tokenize(document, false, false);
    tokens.insert(tokens.end(), inner.begin(), inner.end());
    add(tokens, end_);
    return tokens;
}

}  // namespace moat::adapters::llama
