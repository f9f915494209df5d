#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/model_runtime.h"
#include "models/model_store.h"

// What a request may ask of a model, decided before anything is loaded.
// Threads: any. Errors: invalid_argument, unsupported; texts as Ollama words them.
namespace moat::inference {

bool has_images(const std::vector<models::ChatMessage>& messages);
bool has_tools(const json::Value& tools);

Status check_chat(const models::Model& model, const ChatRequest& request);
// Each of the files by what it is. `media`: all of a request.
Status check_media(const models::Model& model, const std::vector<std::string>& media);
Status check_completion(const models::Model& model, const CompletionRequest& request);

// "<name>" does not support <capability>.
Error lacks(std::string_view name, std::string_view capability);

// The JSON schema a request's "format" stands for: empty for none, "{}" for any object.
Result<std::string> schema_of(const json::Value& format);

// Of the request itself; with a format there can be none.
Status check_grammar(const GenerateRequest& request);

// Whether it thinks; unset means yes for a model that can.
Result<std::optional<bool>> settle_thinking(
    const models::Model& model, const std::string& name, std::optional<bool> asked
);

}  // namespace moat::inference
