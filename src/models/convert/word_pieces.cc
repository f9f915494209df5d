#include <fmt/format.h>

#include "models/convert/vocabulary.h"

// WordPiece: whole words and pieces that go on a word. In GGUF the words are marked, by U+2581
// before them, where publishers mark the pieces, by "##".
namespace moat::models {
namespace {

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

std::string in_gguf(std::string_view piece, std::string_view mark) {
    if (piece.starts_with(mark)) return std::string(piece.substr(mark.size()));
    return "\u2581" + std::string(piece);
}

Status read_lines(std::string_view text, Vocabulary& out) {
    std::int64_t id = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!is_utf8(line)) return wrong("vocab.txt is not UTF-8");
        TRY(out.place(id++, {std::string(line), TokenKind::normal, 0}));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return id == 0 ? Status(wrong("vocab.txt is empty")) : Status(Ok{});
}

Status read_vocab(const json::Value& model, Vocabulary& out) {
    const std::string type = json::string_or(model, "type", "WordPiece");
    if (type != "WordPiece") {
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "tokenizer.json: a {} tokenizer cannot be converted for this architecture; "
                "WordPiece can",
                to_valid_utf8(utf8_prefix(type, 40))
            )
        };
    }
    const auto* tokens = json::find_object(model, "vocab");
    if (!tokens || tokens->empty()) return wrong("tokenizer.json: it has no vocab");
    for (const auto& [key, id] : *tokens) {
        if (!id.is_int64()) return wrong("tokenizer.json: a token's number is not a number");
        TRY(out.place(id.get_int64(), {std::string(key.data(), key.size()), TokenKind::normal, 0}));
    }
    return Ok{};
}

// Small letters and no accents, unless the files say otherwise.
void read_normalizer(
    const json::Value& tokenizer, const json::Value& tokenizer_config, Vocabulary& out
) {
    const json::Value* normalizer = json::find(tokenizer, "normalizer");
    const bool said = normalizer && json::string_or(*normalizer, "type") == "BertNormalizer";
    const json::Value& from = said ? *normalizer : tokenizer_config;
    out.lowercase = json::bool_or(from, said ? "lowercase" : "do_lower_case", true);
    // Not said, accents go where capitals go.
    out.strip_accents = json::bool_or(from, "strip_accents", *out.lowercase);
}

bool stands_for_something_else(std::string_view text) {
    return text == "[CLS]" || text == "[SEP]" || text == "[UNK]" || text == "[PAD]" ||
           text == "[MASK]";
}

}  // namespace

Result<Vocabulary> read_word_pieces(const ModelFolder& folder) {
    TRY_ASSIGN(const auto tokenizer, folder.json_or_empty("tokenizer.json"));
    TRY_ASSIGN(const auto config, folder.json_or_empty("tokenizer_config.json"));
    TRY_ASSIGN(const auto added, folder.json_or_empty("added_tokens.json"));
    Vocabulary plain;
    std::string mark = "##";
    if (const json::Value* model = json::find(tokenizer, "model")) {
        TRY(read_vocab(*model, plain));
        mark = json::string_or(*model, "continuing_subword_prefix", mark);
    } else {
        TRY_ASSIGN(const auto lines, folder.text("vocab.txt"));
        if (!lines) {
            return Error{
                ErrorCode::not_found,
                "the folder has no tokenizer.json and no vocab.txt, so the model cannot read"
            };
        }
        TRY(read_lines(*lines, plain));
    }
    TRY(place_added_tokens(plain, tokenizer, config, added));

    Vocabulary out;
    out.model = "bert";
    read_normalizer(tokenizer, config, out);
    std::int64_t id = 0;
    for (const Token& token : plain.tokens()) {
        const bool acts = token.kind == TokenKind::control || stands_for_something_else(token.text);
        if (token.text.empty()) {
            ++id;
        } else if (acts) {
            TRY(out.place(id++, {token.text, TokenKind::control, 0}));
        } else {
            TRY(out.place(id++, {in_gguf(token.text, mark), token.kind, 0}));
        }
    }
    return out;
}

}  // namespace moat::models
