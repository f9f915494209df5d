#include "models/convert/vocabulary.h"

#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

namespace moat::models {
namespace {

// Tokens that act rather than say something, though their files call them ordinary.
bool looks_like_control(std::string_view text) {
    return text == "<pad>" || text == "<mask>" || text == "<2mass>" || text == "[@BOS@]" ||
           (text.starts_with("<|") && text.ends_with("|>")) ||
           (text.starts_with("<\uFF5C") && text.ends_with("\uFF5C>")) ||
           (text.starts_with("<unused") && text.ends_with(">"));
}

// An added token matches the text itself, in which a blank is a blank.
std::string with_blanks(std::string_view text) {
    constexpr std::string_view kBlank = "\u2581";
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text.substr(at).starts_with(kBlank)) {
            out += ' ';
            at += kBlank.size();
        } else {
            out += text[at++];
        }
    }
    return out;
}

Status add(Vocabulary& vocabulary, std::int64_t id, std::string_view content, bool special) {
    constexpr float kScore = -1000;  // never made by merging
    if (content.empty()) return Ok{};
    if (special || looks_like_control(content))
        return vocabulary.place(id, {std::string(content), TokenKind::control, kScore});
    return vocabulary.place(id, {with_blanks(content), TokenKind::user_defined, kScore});
}

}  // namespace

Status Vocabulary::place(std::int64_t id, Token token) {
    if (id < 0 || id >= kMaxTokens) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("the tokenizer has a token numbered {}, which is beyond any", id)
        };
    }
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= tokens_.size()) tokens_.resize(index + 1);
    const auto old = ids_.find(tokens_[index].text);
    if (old != ids_.end() && old->second == index) ids_.erase(old);
    ids_[token.text] = index;
    tokens_[index] = std::move(token);
    return Ok{};
}

std::optional<std::uint32_t> Vocabulary::find(std::string_view text) const {
    const auto found = ids_.find(std::string(text));
    if (found == ids_.end()) return std::nullopt;
    return found->second;
}

void Vocabulary::fit(std::uint32_t count) {
    tokens_.resize(count);
    std::erase_if(ids_, [count](const auto& entry) { return entry.second >= count; });
    for (std::uint32_t id = 0; id < count; ++id) {
        Token& token = tokens_[id];
        const auto owner = ids_.find(token.text);
        if (!token.text.empty() && owner != ids_.end() && owner->second == id) continue;
        // None was given, or a later one took its text.
        token = {fmt::format("[PAD{}]", id), TokenKind::unused, -1000};
        while (ids_.contains(token.text))
            token.text += '_';
        ids_[token.text] = id;
    }
}

void Vocabulary::write(GgufHead& head) const {
    std::vector<std::string> texts;
    std::vector<std::int32_t> kinds;
    std::vector<float> scores;
    for (const Token& token : tokens_) {
        texts.push_back(token.text);
        kinds.push_back(static_cast<std::int32_t>(token.kind));
        scores.push_back(token.score);
    }
    head.text("tokenizer.ggml.model", model);
    head.text("tokenizer.ggml.pre", pre);
    head.texts("tokenizer.ggml.tokens", texts);
    head.i32s("tokenizer.ggml.token_type", kinds);
    if (model == "llama" || model == "t5") head.f32s("tokenizer.ggml.scores", scores);
    if (model == "gpt2") head.texts("tokenizer.ggml.merges", merges);
    if (add_space_prefix) head.flag("tokenizer.ggml.add_space_prefix", *add_space_prefix);
    if (remove_extra_whitespaces)
        head.flag("tokenizer.ggml.remove_extra_whitespaces", *remove_extra_whitespaces);
    if (!character_map.empty()) head.u8s("tokenizer.ggml.precompiled_charsmap", character_map);
    if (lowercase) head.flag("tokenizer.ggml.normalizer.lowercase", *lowercase);
    if (strip_accents) head.flag("tokenizer.ggml.normalizer.strip_accents", *strip_accents);
}

Status place_added_tokens(
    Vocabulary& vocabulary,
    const json::Value& tokenizer,
    const json::Value& tokenizer_config,
    const json::Value& added_tokens
) {
    if (added_tokens.is_object())
        for (const auto& [content, id] : added_tokens.get_object())
            if (id.is_int64())
                TRY(add(vocabulary, id.get_int64(), {content.data(), content.size()}, false));
    if (const auto* list = json::find_array(tokenizer, "added_tokens"))
        for (const json::Value& token : *list)
            TRY(
                add(vocabulary,
                    json::int_or(token, "id", -1),
                    json::string_or(token, "content"),
                    json::bool_or(token, "special", false))
            );
    if (const auto* map = json::find_object(tokenizer_config, "added_tokens_decoder")) {
        for (const auto& [key, token] : *map) {
            std::int64_t id = -1;
            std::from_chars(key.data(), key.data() + key.size(), id);
            TRY(
                add(vocabulary,
                    id,
                    json::string_or(token, "content"),
                    json::bool_or(token, "special", false))
            );
        }
    }
    return Ok{};
}

Result<Vocabulary> read_decoder_vocabulary(const ModelFolder& folder) {
    TRY_ASSIGN(const auto tokenizer, folder.json_or_empty("tokenizer.json"));
    TRY_ASSIGN(const auto config, folder.json_or_empty("tokenizer_config.json"));
    TRY_ASSIGN(const auto added, folder.json_or_empty("added_tokens.json"));
    TRY_ASSIGN(const auto pieces, folder.text("tokenizer.model"));
    const json::Value* bpe = json::find(tokenizer, "model");
    // SentencePiece's own file knows the scores that tokenizer.json only has as an order of merges.
    // Where tokenizer.json is of the other kind, a tokenizer.model is something else (tiktoken's).
    const bool falls_back = bpe && json::bool_or(*bpe, "byte_fallback", false);
    const bool from_pieces = pieces && (!bpe || falls_back);
    if (!from_pieces && !bpe) {
        return Error{
            ErrorCode::not_found,
            "the folder has no tokenizer.json and no tokenizer.model, so the model cannot read"
        };
    }
    TRY_ASSIGN(auto out, from_pieces ? read_sentence_pieces(*pieces) : read_bpe(tokenizer));
    TRY(place_added_tokens(out, tokenizer, config, added));
    const json::Value* prefix = json::find(config, "add_prefix_space");
    if (out.model == "llama" && prefix && prefix->is_bool())
        out.add_space_prefix = prefix->get_bool();
    return out;
}

}  // namespace moat::models
