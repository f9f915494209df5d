#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "models/convert/pre_tokenizer.h"
#include "models/convert/vocabulary.h"

// Byte-pair encoding as tokenizer.json has it: over an alphabet of bytes, or over characters with
// bytes to fall back on. The second is what SentencePiece makes.
namespace moat::models {
namespace {

constexpr std::size_t kMaxMerges = 1 << 22;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, "tokenizer.json: " + std::move(message)};
}

// A merge is "a b", or ["a", "b"] since parts may hold blanks. In the alphabet of bytes a blank is
// U+0120.
std::optional<std::pair<std::string, std::string>> merge_of(const json::Value& value) {
    if (value.is_string()) {
        const std::string_view text = json::view(value.get_string());
        const std::size_t blank = text.find(' ', 1);
        if (blank == std::string_view::npos) return std::nullopt;
        return std::pair(std::string(text.substr(0, blank)), std::string(text.substr(blank + 1)));
    }
    if (!value.is_array() || value.get_array().size() != 2) return std::nullopt;
    const auto& pair = value.get_array();
    if (!pair[0].is_string() || !pair[1].is_string()) return std::nullopt;
    return std::pair(
        std::string(json::view(pair[0].get_string())), std::string(json::view(pair[1].get_string()))
    );
}

std::string with_visible_blanks(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ') {
            out += "\u0120";
        } else {
            out += c;
        }
    }
    return out;
}

Result<std::vector<std::pair<std::string, std::string>>> read_merges(const json::Value& model) {
    const auto* given = json::find_array(model, "merges");
    if (!given || given->size() > kMaxMerges) return wrong("it has no merges, or too many");
    std::vector<std::pair<std::string, std::string>> out;
    out.reserve(given->size());
    for (const json::Value& value : *given) {
        auto merge = merge_of(value);
        if (!merge) return wrong("a merge is not two parts");
        out.push_back(std::move(*merge));
    }
    return out;
}

bool is_byte(std::string_view text) {
    return text.size() == 6 && text.starts_with("<0x") && text.ends_with(">") &&
           from_hex(text.substr(3, 2)).has_value();
}

Status place_tokens(const json::Value& model, bool falls_back, Vocabulary& out) {
    const auto* tokens = json::find_object(model, "vocab");
    if (!tokens || tokens->empty()) return wrong("it has no vocab");
    const std::string unknown = json::string_or(model, "unk_token");
    for (const auto& [key, id] : *tokens) {
        const std::string text(key.data(), key.size());
        if (!id.is_int64()) return wrong("a token's number is not a number");
        const TokenKind kind = !falls_back       ? TokenKind::normal
                               : is_byte(text)   ? TokenKind::byte
                               : text == unknown ? TokenKind::unknown
                                                 : TokenKind::normal;
        TRY(out.place(id.get_int64(), {text, kind, 0}));
    }
    return Ok{};
}

// llama.cpp merges what makes the token of the highest score first; tokenizer.json says which merge
// comes first. The two agree when a token scores by the first merge that makes it, because such a
// file has every merge of one token in one place.
Status score_by_merges(const json::Value& model, Vocabulary& out) {
    TRY_ASSIGN(const auto merges, read_merges(model));
    std::unordered_map<std::string, float> scores;
    for (std::size_t i = 0; i < merges.size(); ++i)
        scores.emplace(merges[i].first + merges[i].second, -static_cast<float>(i));
    const auto last = -static_cast<float>(merges.size());
    const std::vector<Token> tokens = out.tokens();
    for (std::size_t id = 0; id < tokens.size(); ++id) {
        Token token = tokens[id];
        if (token.text.empty()) continue;
        const auto found = scores.find(token.text);
        token.score = found == scores.end() ? last : found->second;
        TRY(out.place(static_cast<std::int64_t>(id), std::move(token)));
    }
    return Ok{};
}

// True when the first word of a text gets a blank before it.
bool adds_blank(const json::Value& step) {
    const std::string type = json::string_or(step, "type");
    if (type == "Prepend") return true;
    if (type == "Metaspace") {
        const std::string scheme = json::string_or(step, "prepend_scheme");
        if (!scheme.empty()) return scheme != "never";
        return json::bool_or(step, "add_prefix_space", true);
    }
    for (const std::string_view key : {"normalizers", "pretokenizers"})
        if (const auto* steps = json::find_array(step, key))
            for (const json::Value& one : *steps)
                if (json::string_or(one, "type") != "Sequence" && adds_blank(one)) return true;
    return false;
}

}  // namespace

Result<Vocabulary> read_bpe(const json::Value& tokenizer) {
    const json::Value* model = json::find(tokenizer, "model");
    if (!model || !model->is_object()) return wrong("it has no model");
    const std::string type = json::string_or(*model, "type", "BPE");
    if (type != "BPE") {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "tokenizer.json: a {} tokenizer cannot be converted for this architecture; BPE can",
                to_valid_utf8(utf8_prefix(type, 40))
            )
        };
    }
    Vocabulary out;
    const bool falls_back = json::bool_or(*model, "byte_fallback", false);
    TRY(place_tokens(*model, falls_back, out));
    if (falls_back) {
        out.model = "llama";
        TRY(score_by_merges(*model, out));
        bool blank = false;
        for (const std::string_view key : {"normalizer", "pre_tokenizer"})
            if (const json::Value* step = json::find(tokenizer, key)) blank |= adds_blank(*step);
        out.add_space_prefix = blank;
        return out;
    }
    out.model = "gpt2";
    TRY_ASSIGN(out.pre, pre_tokenizer_name(tokenizer));
    TRY_ASSIGN(const auto merges, read_merges(*model));
    for (const auto& [left, right] : merges)
        out.merges.push_back(with_visible_blanks(left) + " " + with_visible_blanks(right));
    return out;
}

}  // namespace moat::models
