#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"

// The parts of the messages in protocol.h: values of engine.h to and from JSON. Only protocol.cc
// needs these. Text that is not UTF-8 loses its ill-formed parts (U+FFFD); tokens of logprobs,
// which may be parts of characters, travel as base64.
//
// Threads: any. Errors: corrupt.
namespace moat::inference::fields {

json::Value encode(std::string_view text);
json::Value encode(const std::vector<std::string>& texts);
json::Value encode(const ModelSource& model);
json::Value encode(const StateCache& states);
json::Value encode(const SamplingOptions& options);
// Tokens and images go to the payload.
json::Value encode(const GenerateRequest& request, std::string& payload);
json::Value encode(const ChatPrompt& prompt);
void encode_into(json::Object& header, const GenerateEvent& event);
void encode_into(json::Object& header, const GenerateResult& result);  // without its tokens

std::vector<std::string> parse_strings(const json::Value& parent, std::string_view key);
SamplingOptions parse_sampling(const json::Value& in);
Result<ModelSource> parse_source(const json::Value& header);
Result<StateCache> parse_states(const json::Value& header);
Result<GenerateRequest> parse_request(const json::Value& header, std::string_view payload);
Result<ChatPrompt> parse_prompt(const json::Value& parent, std::string_view key);
GenerateEvent parse_event(const json::Value& header);
GenerateResult parse_result(const json::Value& header);
ErrorCode parse_code(std::string_view name);  // unknown: internal

template <class Number>
void append_numbers(std::string& payload, std::span<const Number> numbers) {
    if (numbers.empty()) return;
    payload.append(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
}

template <class Number>
Result<std::vector<Number>> read_numbers(std::string_view payload) {
    if (payload.size() % sizeof(Number) != 0) {
        return Error{ErrorCode::corrupt, "a payload between server and runner is cut short"};
    }
    std::vector<Number> numbers(payload.size() / sizeof(Number));
    if (!numbers.empty()) std::memcpy(numbers.data(), payload.data(), payload.size());
    return numbers;
}

}  // namespace moat::inference::fields
