#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"

namespace moat::api::openai {

// Puts a response of /v1/responses together from the events of a generation, and tells each step
// as an event of its stream: thinking becomes a reasoning item, content a message, each tool call
// a function_call. Threads: one at a time.
class ResponseWriter {
  public:
    // Sends one event, numbered and with its "type"; false: the client is gone.
    using Emit = std::function<bool(std::string_view name, const json::Object& data)>;

    // `echo`: what the response repeats of its request. Without a stream, `emit` may do nothing.
    ResponseWriter(json::Object echo, Emit emit);

    // False: the client is gone.
    bool add(const inference::GenerateEvent& event);
    // The whole response, also told as completed or incomplete.
    json::Object finish(const inference::GenerateResult& result, int reasoning_tokens);
    // Ends a stream that has begun.
    void fail(const Error& error);

    bool has_begun() const { return begun_; }
    // What was thought, of all items.
    const std::string& thinking() const { return all_thinking_; }

  private:
    enum class Open { none, reasoning, message };

    bool begin();
    bool send(std::string_view name, json::Object data);
    json::Object response(std::string_view status) const;
    bool open(Open kind);
    bool close();
    bool add_thinking(const std::string& text);
    bool add_text(const std::string& text, const std::vector<inference::TokenLogprob>& logprobs);
    bool add_call(const models::ToolCall& call);
    bool send_item(std::string_view name, const json::Object& item);
    bool send_text(
        std::string_view name, std::string_view key, json::Value value, json::Object more
    );
    json::Object open_item(std::string_view status) const;
    json::Object part() const;

    const json::Object echo_;
    const Emit emit_;
    const std::string id_;
    const std::int64_t created_;
    bool begun_ = false;
    std::int64_t sequence_ = 0;
    json::Array output_;  // finished items
    json::Value usage_;
    json::Value error_;
    json::Value incomplete_;

    Open open_ = Open::none;  // the item that grows
    std::string item_id_;
    std::string text_;
    json::Array logprobs_;
    std::string all_thinking_;
};

}  // namespace moat::api::openai
