#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/gguf_file.h"
#include "models/prompt_template.h"

// What a model file says about itself, in the words of Ollama's API. Threads: any (values).
namespace moat::models {

enum class FileRole { model, projector, adapter };

struct ModelFacts {
    FileRole role = FileRole::model;
    std::string architecture;
    std::string parameter_size;  // "1.2B"
    std::string file_type;       // "Q4_K_M"
    int context_length = 0;      // tokens it was trained on
    int embedding_length = 0;
    bool embedding = false;     // an encoder or an embedding model: it makes no text
    bool reranker = false;      // ranks texts against a query; has no embeddings
    bool sees = false;          // a projector: it reads images
    bool hears = false;         // a projector: it reads sound
    std::string chat_template;  // Jinja; empty when it has none
    // Of a shard (name-00002-of-00003.gguf): which part of how many, and the tensors of all.
    std::int64_t split_number = 0;  // from 0
    std::int64_t split_count = 1;
    std::int64_t split_tensors = 0;  // 0: it does not say
    std::int64_t tensors = 0;        // in this file
    std::uint64_t parameters = 0;    // in this file
    bool quantized = false;          // some of its weights are in fewer than 16 bits
};

ModelFacts facts_of(const GgufFile& file);

// "1.2B", "494.03M", "260K"
std::string parameter_size_text(std::uint64_t parameters);

// What requests may ask of a model: completion, tools, insert, embedding, rerank, thinking, vision,
// audio. `prompt_template` (may be null) is the model's own TEMPLATE, `projector` (may be null) the
// file that sees or hears for it: towers inside the model's own file are not used.
std::vector<std::string> capabilities_of(
    const ModelFacts& facts, const PromptTemplate* prompt_template, const ModelFacts* projector
);

// Whether the Jinja template of the file knows tools or thinking.
bool chat_template_knows(const std::string& chat_template, std::string_view capability);

}  // namespace moat::models
