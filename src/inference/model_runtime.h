#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/principal.h"
#include "base/result.h"
#include "inference/engine.h"
#include "models/chat.h"
#include "models/model_store.h"

// Names to answers: finds the installed model, joins its parameters with the request's options,
// renders the prompt by the model's own rules (TEMPLATE of its Modelfile, else the Jinja template
// of its file) and runs it on an Engine. What every protocol and the answer pipeline call.
//
// Threads: any; calls block. Errors: those of ModelStore::find and Engine, and invalid_argument
//          for options of the wrong type (message as Ollama words it), unsupported when the model
//          lacks a capability ("<name>" does not support chat, ...).
namespace moat::inference {

class RequestPreparer;  // prepared_request.h

// keep_alive unset: the server's default.
struct ChatRequest {
    std::string model;
    std::vector<models::ChatMessage> messages;
    json::Value tools;                // array or null
    json::Value options;              // Ollama's options object or null
    json::Value format;               // null, "json" or a JSON schema
    std::optional<bool> think;        // unset: yes, when the model can
    std::string think_level;          // "low", "medium", "high", "max", or empty
    std::string tool_choice;          // "", "auto", "none", "required"
    bool parallel_tool_calls = true;  // false: at most one call in an answer
    std::optional<KeepAlive> keep_alive;
    int top_logprobs = -1;
    bool truncate = true;  // drop the oldest turns that do not fit
    bool shift = true;
    std::size_t public_messages = 0;  // the first ones that are no secret (instructions of ours)
    bool tell_loading = false;        // events tell how far the load of the model is
};

struct CompletionRequest {
    std::string model;
    std::string prompt;
    std::string suffix;
    std::optional<std::string> system;
    std::optional<std::string> prompt_template;
    std::vector<std::string> images;
    std::vector<std::int32_t> context;  // of an earlier answer
    bool raw = false;
    json::Value options;
    json::Value format;
    std::optional<bool> think;
    std::string think_level;
    std::optional<KeepAlive> keep_alive;
    int top_logprobs = -1;
    bool truncate = true;
    bool shift = true;
    bool tell_loading = false;
};

struct EmbeddingRequest {
    std::string model;
    std::vector<std::string> texts;
    bool truncate = true;
    bool normalize = true;
    int dimensions = 0;  // 0: all; else cut and normalised again
    json::Value options;
    std::optional<KeepAlive> keep_alive;
};

struct TokenizeRequest {
    std::string model;
    std::string text;
    bool add_special = true;
    bool parse_special = true;
};

struct RerankRequest {
    std::string model;
    std::string query;
    std::vector<std::string> documents;
    bool truncate = true;  // documents longer than the model reads; false: invalid_argument
    json::Value options;
    std::optional<KeepAlive> keep_alive;
};
struct RerankResult {
    struct Score {
        float raw;        // what the model's head says
        float relevance;  // the same from 0 to 1
    };
    std::vector<Score> scores;  // one a document
    int prompt_tokens = 0;
    Duration load{}, total{};
};

struct RuntimeSettings {
    KeepAlive keep_alive = std::chrono::minutes(5);
    int context_length = 0;  // 0: 4096, or what the model was trained on if less
    // Of every model (LoadOptions).
    std::optional<bool> flash_attention{};
    std::string cache_type = "f16";
    std::function<Time()> now = [] { return std::chrono::system_clock::now(); };
};

class ModelRuntime {
  public:
    ModelRuntime(const models::ModelStore& store, Engine& engine, RuntimeSettings settings);

    Result<GenerateResult> chat(
        const Principal& who,
        const ChatRequest& request,
        const EventSink& sink,
        std::stop_token stop
    );
    Result<GenerateResult> complete(
        const Principal& who,
        const CompletionRequest& request,
        const EventSink& sink,
        std::stop_token stop
    );
    Result<EmbedResult> embed(
        const Principal& who, const EmbeddingRequest& request, std::stop_token stop
    );

    // How well each document answers the query. Errors: also unsupported, for a model that embeds.
    Result<RerankResult> rerank(
        const Principal& who, const RerankRequest& request, std::stop_token stop
    );

    // The tokens of a text, and the text of tokens.
    Result<std::vector<std::int32_t>> tokenize(
        const Principal& who, const TokenizeRequest& request, std::stop_token stop
    );
    Result<std::string> detokenize(
        const Principal& who,
        const std::string& model,
        const std::vector<std::int32_t>& tokens,
        std::stop_token stop
    );
    // How many tokens the prompt of a request has, after what does not fit was dropped.
    Result<int> count_tokens(
        const Principal& who, const ChatRequest& request, std::stop_token stop
    );

    // The prompt a request would be run with (Ollama's _debug_render_only).
    Result<std::string> render(
        const Principal& who, const ChatRequest& request, std::stop_token stop
    );
    Result<std::string> render(
        const Principal& who, const CompletionRequest& request, std::stop_token stop
    );

    // `options` (Ollama's, or null) may ask for another context.
    Result<Duration> load(
        const Principal& who,
        const std::string& model,
        std::optional<KeepAlive> keep_alive,
        const json::Value& options,
        const LoadSink& progress,
        std::stop_token stop
    );
    // Whether it would load now; loads nothing.
    Result<Fit> fit(const Principal& who, const std::string& model, const json::Value& options)
        const;
    Status unload(const Principal& who, const std::string& model);
    std::vector<LoadedModel> loaded(const Principal& who);

  private:
    RequestPreparer preparer() const;
    KeepAlive keep_alive_or_default(std::optional<KeepAlive> given) const {
        return given.value_or(settings_.keep_alive);
    }

    const models::ModelStore& store_;
    Engine& engine_;
    const RuntimeSettings settings_;
};

}  // namespace moat::inference
