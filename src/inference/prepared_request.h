#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/principal.h"
#include "base/result.h"
#include "inference/answer_parser.h"
#include "inference/engine.h"
#include "inference/model_runtime.h"
#include "inference/options.h"
#include "inference/prompt_maker.h"
#include "models/model_store.h"
#include "models/prompt_template.h"

// From a request that names a model to one an Engine can run: the model found, its capabilities
// checked, options joined, the prompt rendered from what fits its context.
namespace moat::inference {

struct PreparedRequest {
    models::Model model;
    ModelOptions options;
    ModelSource source;
    std::vector<models::ChatMessage> messages{};
    int dropped_messages = 0;         // of the conversation, to fit the context
    std::size_t public_messages = 0;  // the first of them, which are no secret of this principal
    std::optional<models::PromptTemplate> go_template{};  // none: Jinja, or a raw prompt
    json::Value tools{};
    std::optional<bool> think{};
    std::string think_level{};
    std::string tool_choice{};
    bool parallel_tool_calls = true;
    GenerateRequest request{};
    KeepAlive keep_alive{};

    PromptRules rules(Time now) const;
    const std::string* text() const { return std::get_if<std::string>(&request.prompt); }
    // The rendered prompt ends with the mark that opens a thought.
    bool prompt_opens_thinking() const;
    // How to read the answer; nothing for what the runner reads itself, and for raw prompts.
    AnswerParser parser() const;
};

// Threads: any; calls block. Borrows: all three. Errors: those of ModelRuntime.
class RequestPreparer {
  public:
    RequestPreparer(
        const models::ModelStore& store, Engine& engine, const RuntimeSettings& settings
    )
        : store_(store), engine_(engine), settings_(settings) {}

    // The model and the options alone.
    Result<PreparedRequest> model(
        const Principal& who, const std::string& name, const json::Value& options
    ) const;
    Result<PreparedRequest> chat(
        const Principal& who, const ChatRequest& request, const std::stop_token& stop
    ) const;
    Result<PreparedRequest> completion(
        const Principal& who, const CompletionRequest& request, const std::stop_token& stop
    ) const;

    // The text of its prompt.
    Result<std::string> text_of(
        const Principal& who, const PreparedRequest& prepared, const std::stop_token& stop
    ) const;

  private:
    template <class Request>
    Status take_common(PreparedRequest& out, const Request& request) const;
    void bind_answer(PreparedRequest& out) const;
    Status fit(
        const Principal& who, PreparedRequest& prepared, bool truncate, const std::stop_token& stop
    ) const;
    Status take_media(PreparedRequest& prepared) const;
    Status find_public_part(PreparedRequest& prepared) const;
    Status prepend_context(
        const Principal& who,
        PreparedRequest& prepared,
        const std::vector<std::int32_t>& context,
        const std::stop_token& stop
    ) const;

    const models::ModelStore& store_;
    Engine& engine_;
    const RuntimeSettings& settings_;
};

}  // namespace moat::inference
