#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "models/convert/vocabulary.h"

// SentencePiece's Unigram as tokenizer.json has it: pieces with the logarithms of their
// probabilities, and what is done to a text before. llama.cpp calls it "t5".
namespace moat::models {
namespace {

constexpr std::size_t kMostMapBytes = std::size_t{8} << 20;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Error unsupported(std::string_view part, const std::string& type) {
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "tokenizer.json: a {} of type {} cannot be converted with a Unigram tokenizer",
            part,
            to_valid_utf8(utf8_prefix(type, 40))
        )
    };
}

// Of a part that may be a sequence of parts: each of them.
std::vector<const json::Value*> steps_of(const json::Value* part, std::string_view list) {
    if (part == nullptr || !part->is_object()) return {};
    const auto* steps = json::find_array(*part, list);
    if (steps == nullptr) return {part};
    std::vector<const json::Value*> out;
    for (const json::Value& step : *steps)
        out.push_back(&step);
    return out;
}

Status read_pieces(const json::Value& model, Vocabulary& out) {
    const auto* vocab = json::find_array(model, "vocab");
    if (!vocab || vocab->empty()) return wrong("tokenizer.json: it has no vocab");
    std::int64_t id = 0;
    for (const json::Value& piece : *vocab) {
        const bool pair = piece.is_array() && piece.get_array().size() == 2 &&
                          piece.get_array()[0].is_string() && piece.get_array()[1].is_number();
        if (!pair) return wrong("tokenizer.json: a piece is not a text with a number");
        const auto score = piece.get_array()[1].to_number<double>();
        if (!std::isfinite(score)) return wrong("tokenizer.json: a piece has no probability");
        const std::string text(json::view(piece.get_array()[0].get_string()));
        TRY(out.place(id++, {text, TokenKind::normal, static_cast<float>(score)}));
    }
    if (json::bool_or(model, "byte_fallback", false))
        return unsupported("model", "Unigram with byte_fallback");
    return Ok{};
}

// The tables of SentencePiece; more than one blank in a row is one, as llama.cpp has it too.
Status read_normalizer(const json::Value& tokenizer, Vocabulary& out) {
    for (const json::Value* step : steps_of(json::find(tokenizer, "normalizer"), "normalizers")) {
        const std::string type = json::string_or(*step, "type");
        if (type == "Precompiled") {
            TRY_ASSIGN(
                out.character_map, from_base64(json::string_or(*step, "precompiled_charsmap"))
            );
            if (out.character_map.size() > kMostMapBytes)
                return wrong("tokenizer.json: precompiled_charsmap is larger than any");
        } else if (type != "Replace" && type != "Strip") {
            return unsupported("normalizer", type);
        }
    }
    return Ok{};
}

Status read_pre_tokenizer(const json::Value& tokenizer, Vocabulary& out) {
    bool marks = false;
    for (const json::Value* step :
         steps_of(json::find(tokenizer, "pre_tokenizer"), "pretokenizers")) {
        const std::string type = json::string_or(*step, "type");
        if (type == "Metaspace") {
            marks = true;
            const std::string scheme = json::string_or(
                *step,
                "prepend_scheme",
                json::bool_or(*step, "add_prefix_space", true) ? "always" : "never"
            );
            out.add_space_prefix = scheme != "never";
        } else if (type != "WhitespaceSplit") {
            return unsupported("pre_tokenizer", type);
        }
    }
    if (marks) return Ok{};
    return Error{
        ErrorCode::unsupported,
        "tokenizer.json: a Unigram tokenizer that does not mark blanks (Metaspace) cannot be "
        "converted"
    };
}

}  // namespace

Result<Vocabulary> read_unigram(const json::Value& tokenizer) {
    const json::Value* model = json::find(tokenizer, "model");
    const std::string type = model ? json::string_or(*model, "type", "Unigram") : "";
    if (type != "Unigram") {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "tokenizer.json: a {} tokenizer cannot be converted for this architecture; "
                "Unigram can",
                to_valid_utf8(utf8_prefix(type, 40))
            )
        };
    }
    Vocabulary out;
    out.model = "t5";
    out.remove_extra_whitespaces = true;
    TRY(read_pieces(*model, out));
    TRY(read_normalizer(tokenizer, out));
    TRY(read_pre_tokenizer(tokenizer, out));
    return out;
}

Result<Vocabulary> read_unigram_vocabulary(const ModelFolder& folder) {
    TRY_ASSIGN(const auto tokenizer, folder.json("tokenizer.json"));
    if (!tokenizer)
        return Error{
            ErrorCode::not_found, "the folder has no tokenizer.json, so the model cannot read"
        };
    TRY_ASSIGN(const auto config, folder.json_or_empty("tokenizer_config.json"));
    TRY_ASSIGN(const auto added, folder.json_or_empty("added_tokens.json"));
    TRY_ASSIGN(auto out, read_unigram(*tokenizer));
    TRY(place_added_tokens(out, *tokenizer, config, added));
    // Listed among the special tokens as well, it would be taken for one that only acts.
    const std::int64_t unknown = json::int_or(*json::find(*tokenizer, "model"), "unk_id", -1);
    const auto& tokens = out.tokens();
    if (unknown < 0 || unknown >= std::ssize(tokens))
        return wrong("tokenizer.json: unk_id names no piece of the vocab");
    TRY(out.place(unknown, {tokens[static_cast<std::size_t>(unknown)].text, TokenKind::unknown, 0})
    );
    return out;
}

}  // namespace moat::models
