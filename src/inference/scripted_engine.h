#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "inference/engine.h"

// An Engine without models, for tests of what stands above it: remembers what it was asked and
// plays what it was told. One token is one byte of text. Threads: one.
namespace moat::inference {

class ScriptedEngine final : public Engine {
  public:
    struct Run {
        std::vector<GenerateEvent> events;
        GenerateResult result;
        std::optional<Error> error;  // after the events
    };

    Result<GenerateResult> generate(
        const Principal&,
        const ModelSource& model,
        const GenerateRequest& request,
        KeepAlive keep_alive,
        const EventSink& sink,
        std::stop_token
    ) override {
        remember(model, keep_alive);
        requests.push_back(request);
        const Run run = runs.empty() ? Run{} : runs[std::min(requests.size(), runs.size()) - 1];
        if (request.tell_loading)
            for (const LoadProgress& step : load_steps)
                if (!sink(
                        {.content = {},
                         .thinking = {},
                         .tool_calls = {},
                         .logprobs = {},
                         .loading = step}
                    ))
                    return Error{ErrorCode::cancelled, "the client went away"};
        for (const GenerateEvent& event : run.events)
            if (!sink(event)) return Error{ErrorCode::cancelled, "the client went away"};
        if (run.error) return *run.error;
        return run.result;
    }
    Result<EmbedResult> embed(
        const Principal&,
        const ModelSource& model,
        const EmbedRequest& request,
        KeepAlive keep_alive,
        std::stop_token
    ) override {
        remember(model, keep_alive);
        embed_requests.push_back(request);
        if (failure) return *failure;
        EmbedResult result;
        for (const std::string& text : request.texts) {
            result.vectors.push_back(
                request.query ? std::vector{static_cast<float>(text.size())} : vector
            );
            result.prompt_tokens += static_cast<int>(text.size());
        }
        return result;
    }
    // Every message as "role:content;", and then "assistant:".
    Result<std::string> render(
        const Principal&, const ModelSource&, const ChatPrompt& prompt, std::stop_token
    ) override {
        std::string out;
        for (const auto& message : prompt.messages)
            out += message.role + ":" + message.content + ";";
        return out + "assistant:";
    }
    Result<std::vector<std::int32_t>> tokenize(
        const Principal&, const ModelSource&, const TokenizeText& text, std::stop_token stop
    ) override {
        ++tokenized;
        if (stop.stop_requested()) return Error{ErrorCode::cancelled, "the client went away"};
        std::vector<std::int32_t> tokens;
        if (text.add_special) tokens.push_back(kBegin);
        for (const char c : text.text)
            tokens.push_back(static_cast<unsigned char>(c));
        return tokens;
    }
    Result<std::string> detokenize(
        const Principal&,
        const ModelSource&,
        const std::vector<std::int32_t>& tokens,
        std::stop_token
    ) override {
        std::string out;
        for (const auto token : tokens)
            if (token != kBegin) out += static_cast<char>(token);
        return out;
    }
    Result<Duration> load(
        const Principal&,
        const ModelSource& model,
        KeepAlive keep_alive,
        const LoadSink& progress,
        std::stop_token stop
    ) override {
        remember(model, keep_alive);
        ++loads;
        for (const LoadProgress& step : load_steps)
            if (progress && !progress(step)) return Error{ErrorCode::cancelled, "the client left"};
        if (stop.stop_requested()) return Error{ErrorCode::cancelled, "the client went away"};
        if (failure) return *failure;
        return Duration(std::chrono::milliseconds(3));
    }
    Result<Fit> fit(const Principal&, const ModelSource& model) override {
        last_model = model;
        if (failure) return *failure;
        return fit_reply;
    }
    Status unload(const Principal&, const std::string& key) override {
        unloaded.push_back(key);
        return Ok{};
    }
    std::vector<LoadedModel> loaded(const Principal&) override { return loaded_models; }

    static constexpr std::int32_t kBegin = 1;

    std::vector<Run> runs;  // one for each generate(); the last goes on
    std::vector<float> vector = {0.6F, 0.8F};
    std::optional<Error> failure;  // of load() and embed()
    std::vector<LoadedModel> loaded_models;
    std::vector<LoadProgress> load_steps;  // told to whoever wants to know

    Fit fit_reply;
    std::vector<GenerateRequest> requests;
    std::vector<EmbedRequest> embed_requests;
    std::vector<std::string> unloaded;
    ModelSource last_model;
    KeepAlive last_keep_alive{};
    std::vector<KeepAlive> keep_alives;  // of every call, in order
    int loads = 0;
    int tokenized = 0;

  private:
    void remember(const ModelSource& model, KeepAlive keep_alive) {
        last_model = model;
        last_keep_alive = keep_alive;
        keep_alives.push_back(keep_alive);
    }
};

}  // namespace moat::inference
