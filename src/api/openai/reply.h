#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "inference/engine.h"

// Pieces that the replies of chat and completions share. Threads: any.
namespace moat::api::openai {

// id, object, created, model and system_fingerprint, in the order Ollama writes them.
struct ReplyHead {
    std::string id;
    std::int64_t created = 0;
    std::string model;

    json::Object open(std::string_view object) const;
};
// A head with a new id: "<prefix>-<number>".
ReplyHead new_head(std::string_view prefix, std::string model);

json::Object usage_of(const inference::GenerateResult& result);
// Of several answers; `per_prompt` of them, one after the other, are to the same prompt.
json::Object usage_of(const std::vector<inference::GenerateResult>& results, int per_prompt);
// Collects an answer that is not streamed. Always true: go on.
bool append(inference::GenerateEvent& all, const inference::GenerateEvent& event);
json::Array logprobs_of(const std::vector<inference::TokenLogprob>& tokens);
json::Array tool_calls_of(const std::vector<models::ToolCall>& calls, std::size_t first_index);
// stop, length or tool_calls.
std::string_view finish_reason(const inference::GenerateResult& result, bool called_tools);

}  // namespace moat::api::openai
