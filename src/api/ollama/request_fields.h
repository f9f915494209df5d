#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/request/go_struct.h"
#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"

// Fields that several requests share. Each takes what it finds from `in`; mistakes go to its
// decoding. Threads: any.
namespace moat::api::ollama {

// "model", or the deprecated "name" when that is empty.
std::string model_field(GoStruct& in);

struct Think {
    std::optional<bool> on;
    std::string level;  // "low", "medium", "high", "max", or empty
};
Think think_field(GoStruct& in);

// -1: no logprobs wanted; else how many alternatives each token brings.
int logprobs_field(GoStruct& in);
std::optional<inference::KeepAlive> keep_alive_field(GoStruct& in);
json::Value options_field(GoStruct& in);
json::Value any_field(const GoStruct& in, std::string_view key);  // null when absent
// Base64 texts; the bytes of each.
std::vector<std::string> images_field(GoStruct& in);

}  // namespace moat::api::ollama
