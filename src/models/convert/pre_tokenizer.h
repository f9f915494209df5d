#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

// How a byte-level tokenizer cuts a text before it merges, by the name under which llama.cpp knows
// it ("qwen2", "llama-bpe"). Told from the expressions in tokenizer.json, which say it exactly; so
// a finetune with tokens of its own is recognised too. Threads: any.
// Why not by the numbers a test text becomes, as others do:
// docs/decisions/0015-converting-models.md.
namespace moat::models {

// Errors: unsupported, with what it found, when llama.cpp has none that does the same.
Result<std::string> pre_tokenizer_name(const json::Value& tokenizer);

}  // namespace moat::models
