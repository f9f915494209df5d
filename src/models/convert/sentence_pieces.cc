#include <cmath>

#include "base/bytes.h"
#include "models/convert/proto_reader.h"
#include "models/convert/vocabulary.h"

// SentencePiece's tokenizer.model. Field numbers are those of its published
// sentencepiece_model.proto: pieces = 1 (piece = 1, score = 2, type = 3), trainer_spec = 2
// (model_type = 3), normalizer_spec = 3 (add_dummy_prefix = 3).
namespace moat::models {
namespace {

constexpr std::uint64_t kUnigram = 1;  // what a file means that names no algorithm
constexpr std::uint64_t kBpe = 2;

Result<Token> read_piece(std::string_view message) {
    Token out;
    out.kind = TokenKind::normal;
    ProtoReader reader(message);
    for (;;) {
        TRY_ASSIGN(const auto field, reader.next());
        if (!field) break;
        if (field->number == 1) out.text = field->bytes;
        if (field->number == 2) out.score = field->as_float();
        if (field->number == 3 && field->value >= 1 && field->value <= 6)
            out.kind = static_cast<TokenKind>(field->value);
    }
    if (!is_utf8(out.text) || !std::isfinite(out.score))
        return Error{ErrorCode::corrupt, "tokenizer.model is damaged: a piece is not text"};
    return out;
}

// The last value of a field that is a number.
Result<std::uint64_t> number_in(
    std::string_view message, std::uint32_t number, std::uint64_t fallback
) {
    ProtoReader reader(message);
    for (;;) {
        TRY_ASSIGN(const auto field, reader.next());
        if (!field) return fallback;
        if (field->number == number) fallback = field->value;
    }
}

}  // namespace

Result<Vocabulary> read_sentence_pieces(std::string_view tokenizer_model) {
    Vocabulary out;
    out.model = "llama";
    out.add_space_prefix = true;
    std::uint64_t algorithm = kUnigram;
    std::int64_t id = 0;
    ProtoReader reader(tokenizer_model);
    for (;;) {
        TRY_ASSIGN(const auto field, reader.next());
        if (!field) break;
        if (field->number == 1) {
            TRY_ASSIGN(auto piece, read_piece(field->bytes));
            TRY(out.place(id++, std::move(piece)));
        } else if (field->number == 2) {
            TRY_ASSIGN(algorithm, number_in(field->bytes, 3, algorithm));
        } else if (field->number == 3) {
            TRY_ASSIGN(const auto prefix, number_in(field->bytes, 3, 1));
            out.add_space_prefix = prefix != 0;
        }
    }
    if (id == 0)
        return Error{
            ErrorCode::corrupt, "tokenizer.model is not SentencePiece's: it has no pieces"
        };
    if (algorithm == kBpe) return out;
    return Error{
        ErrorCode::unsupported,
        "tokenizer.model: only SentencePiece models of type BPE can be converted, not Unigram"
    };
}

}  // namespace moat::models
