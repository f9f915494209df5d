#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "models/convert/published_config.h"
#include "models/gguf_writer.h"

// The families of models that can be converted: what their publishers call things, and what
// llama.cpp calls them. Threads: any; constant tables.
namespace moat::models {

struct TensorName {
    std::string_view theirs;  // without ".weight" or ".bias"
    std::string_view ours;
    bool required = true;  // its weight
};

// What a model's tokens are, and which of a folder's files say so.
enum class TokenizerKind { decoder, word_pieces, unigram };

struct Family {
    std::string_view architecture;              // GGUF's name: "qwen2"
    std::span<const std::string_view> classes;  // what config.json may call it
    std::span<const TensorName> outer;
    std::string_view layers;  // what stands before a layer's number: "layers."
    std::span<const TensorName> layer;
    std::span<const std::string_view> ignored;  // beginnings of names llama.cpp has no use for
    // llama.cpp rotates neighbours where the published weights rotate halves of a head.
    bool rotates_neighbours = false;
    bool norms_lack_one = false;  // a norm's weight is stored as its difference from one
    bool always_tied = false;     // the output matrix is always the token embedding
    bool encoder = false;         // makes vectors, not text
    TokenizerKind tokenizer = TokenizerKind::decoder;
    bool positions_follow_padding = false;  // the first position is the row after the padding's
    bool ranks = false;                     // one number says how well a text answers a query
    std::string_view activation{};  // what config.json must call the feed-forward's function
    // Writes the numbers of the architecture. Errors: invalid_argument, unsupported.
    Status (*describe)(
        const PublishedConfig& config, std::string_view architecture, GgufHead& head
    );
};

// A published tensor's name as the families spell it: without what a wrapper around the model put
// before it, and with the names that the first BERT files had for a norm's weight and bias.
std::string plain_tensor_name(std::string name);

struct OurName {
    std::string stem;                    // "blk.3.attn_q"
    std::optional<std::uint32_t> layer;  // its number, of a layer's tensor
};
// Of "layers.3.self_attn.q_proj", without ".weight"; nothing when the family has none like it.
std::optional<OurName> our_name(const Family& family, std::string_view stem);

// By GGUF's name; nullptr when there is none.
const Family* family_of(std::string_view architecture);
// By the class config.json names. Errors: unsupported, with the class and what is supported.
Result<const Family*> find_family(const PublishedConfig& config);

// What the families' describe() are. As declared above.
Status describe_llama(const PublishedConfig& config, std::string_view architecture, GgufHead& head);
Status describe_qwen(const PublishedConfig& config, std::string_view architecture, GgufHead& head);
Status describe_gemma(const PublishedConfig& config, std::string_view architecture, GgufHead& head);
Status describe_gemma2(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
);
Status describe_gemma3(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
);
Status describe_bert(const PublishedConfig& config, std::string_view architecture, GgufHead& head);
Status describe_xlm_roberta(
    const PublishedConfig& config, std::string_view architecture, GgufHead& head
);

// Rows of the positions' matrix that stand before the first position. Errors: invalid_argument.
Result<std::uint32_t> skipped_positions(const PublishedConfig& config);

}  // namespace moat::models
