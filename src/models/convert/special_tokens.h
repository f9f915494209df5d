#pragma once

#include "base/result.h"
#include "models/convert/model_folder.h"
#include "models/convert/published_config.h"
#include "models/convert/vocabulary.h"
#include "models/gguf_writer.h"

// Which tokens begin and end a text, and what a conversation looks like: from tokenizer.json,
// tokenizer_config.json, config.json and the chat template, as far as there are. Threads: any.
namespace moat::models {

// Writes tokenizer.ggml.*_token_id, tokenizer.ggml.add_*_token and tokenizer.chat_template.
// Errors: invalid_argument when nothing says which token ends a text.
Status write_special_tokens(
    const ModelFolder& folder,
    const PublishedConfig& config,
    const Vocabulary& vocabulary,
    GgufHead& head
);

}  // namespace moat::models
