#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/ollama/routes.h"
#include "base/json.h"
#include "http/exchange.h"

namespace moat::api::ollama {

// A request without a prompt: loads the model, or with keep_alive 0 lets it go.
struct LoadAsked {
    std::string model;
    json::Value options;
    std::optional<inference::KeepAlive> keep_alive;
    bool tell_loading = false;  // lines before the reply say how far it is
};

// Answers with one reply of done_reason "load" or "unload"; `body` adds the model's (empty) part.
void load_or_unload(
    http::Exchange& exchange,
    const Services& services,
    const LoadAsked& asked,
    const std::function<void(json::Object& out)>& body
);

}  // namespace moat::api::ollama
