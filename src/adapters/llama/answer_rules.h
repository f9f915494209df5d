#pragma once

#include <optional>

#include <chat.h>

#include "base/result.h"
#include "inference/engine.h"
#include "inference/grammar_guide.h"

namespace moat::adapters::llama {

// The grammar a request's answer is bound to: its own, its JSON schema's, or the one its chat
// template has for tool calls; and when it begins. Nothing when the answer is free.
// Threads: any. Errors: invalid_argument (a bad grammar or schema), unsupported.
Result<std::optional<inference::GrammarGuide>> guide_for(
    const inference::GenerateRequest& request, const common_chat_params* chat
);

}  // namespace moat::adapters::llama
