#include "api/openai/reply.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include <fmt/core.h>

#include "base/ids.h"

namespace moat::api::openai {
namespace {

json::Array bytes_of_token(const std::string& token) {
    json::Array bytes;
    for (const char c : token)
        bytes.emplace_back(static_cast<std::int64_t>(static_cast<unsigned char>(c)));
    return bytes;
}

// A token may be part of a character; JSON texts are whole ones.
json::Object entry_of(const std::string& token, float logprob) {
    return {
        {"token", to_valid_utf8(token)}, {"logprob", logprob}, {"bytes", bytes_of_token(token)}
    };
}

}  // namespace

json::Object ReplyHead::open(std::string_view object) const {
    return {
        {"id", id},
        {"object", object},
        {"created", created},
        {"model", model},
        {"system_fingerprint", "fp_ollama"}
    };
}

ReplyHead new_head(std::string_view prefix, std::string model) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    return {fmt::format("{}-{}", prefix, random_hex(8)), seconds, std::move(model)};
}

json::Object usage_of(const inference::GenerateResult& result) {
    return {
        {"prompt_tokens", result.prompt_tokens},
        {"completion_tokens", result.generated_tokens},
        {"total_tokens", result.prompt_tokens + result.generated_tokens},
        {"prompt_tokens_details", json::Object{{"cached_tokens", result.cached_tokens}}},
    };
}

json::Object usage_of(const std::vector<inference::GenerateResult>& results, int per_prompt) {
    inference::GenerateResult sum;
    for (std::size_t i = 0; i < results.size(); ++i) {
        sum.generated_tokens += results[i].generated_tokens;
        if (i % static_cast<std::size_t>(per_prompt) != 0) continue;
        sum.prompt_tokens += results[i].prompt_tokens;
        sum.cached_tokens += results[i].cached_tokens;
    }
    return usage_of(sum);
}

bool append(inference::GenerateEvent& all, const inference::GenerateEvent& event) {
    all.content += event.content;
    all.thinking += event.thinking;
    std::ranges::copy(event.tool_calls, std::back_inserter(all.tool_calls));
    std::ranges::copy(event.logprobs, std::back_inserter(all.logprobs));
    return true;
}

json::Array logprobs_of(const std::vector<inference::TokenLogprob>& tokens) {
    json::Array out;
    for (const auto& token : tokens) {
        json::Object entry = entry_of(token.token, token.logprob);
        json::Array top;
        for (const auto& candidate : token.top)
            top.push_back(entry_of(candidate.token, candidate.logprob));
        entry["top_logprobs"] = std::move(top);
        out.push_back(std::move(entry));
    }
    return out;
}

json::Array tool_calls_of(const std::vector<models::ToolCall>& calls, std::size_t first_index) {
    json::Array out;
    for (const auto& call : calls) {
        out.push_back(json::Object{
            {"id", call.id},
            {"index", first_index++},
            {"type", "function"},
            {"function",
             json::Object{{"name", call.name}, {"arguments", json::write(call.arguments)}}},
        });
    }
    return out;
}

std::string_view finish_reason(const inference::GenerateResult& result, bool called_tools) {
    if (called_tools) return "tool_calls";
    return result.reason == inference::FinishReason::length ? "length" : "stop";
}

}  // namespace moat::api::openai
