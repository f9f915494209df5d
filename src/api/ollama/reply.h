#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/ollama/routes.h"
#include "base/json.h"
#include "http/exchange.h"
#include "inference/engine.h"
#include "models/model_store.h"

// Pieces that Ollama's replies share. Threads: any, but for AnswerStream.
namespace moat::api::ollama {

json::Object details_of(const models::ModelDetails& details);
json::Array texts_of(const std::vector<std::string>& texts);
json::Array tool_calls_of(const std::vector<models::ToolCall>& calls, std::size_t first_index);
json::Array logprobs_of(const std::vector<inference::TokenLogprob>& tokens);
// A line of long work on the store; zeros are left out, as Go does.
json::Object progress_json(const models::Progress& step);
// done, done_reason, the durations and counts; zero ones are left out.
void add_result(json::Object& out, const inference::GenerateResult& result);
// How far the load of the model is; the line is else one of an empty piece of an answer.
void add_loading(json::Object& out, const inference::LoadProgress& progress);
void add_done(json::Object& out, std::string_view reason);

// What _debug_render_only answers instead of running the prompt.
json::Object debug_info(const std::string& prompt, std::size_t images);

// model and created_at, with which every reply begins.
json::Object reply_head(const std::string& model, const Clock& clock);

// Answers one generation, as NDJSON while it goes on or as one object at its end. An error before
// the first line has its own status; after it, it is a line of its own. Threads: its handler's.
class AnswerStream {
  public:
    // `body` makes the model's part of a reply: {"response": ...} or {"message": ...}.
    using Body = std::function<void(json::Object& out, const inference::GenerateEvent& event)>;

    AnswerStream(
        http::Exchange& exchange,
        const Services& services,
        std::string model,
        bool stream,
        Body body
    );

    // To be given to the runtime.
    inference::EventSink sink();
    // Ends the answer; `more` adds to the last reply.
    void finish(
        const Result<inference::GenerateResult>& result,
        const std::function<void(json::Object&, const inference::GenerateResult&)>& more
    );

  private:
    bool send(const inference::GenerateEvent& event);
    void collect(const inference::GenerateEvent& event);
    Status line(const json::Value& value);

    http::Exchange& exchange_;
    const Services& services_;
    const std::string model_;
    const bool stream_;
    const Body body_;
    bool started_ = false;
    inference::GenerateEvent whole_;  // of an answer that is not streamed
};

}  // namespace moat::api::ollama
