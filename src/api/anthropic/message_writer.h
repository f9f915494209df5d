#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"

namespace moat::api::anthropic {

// Puts a message together from the events of a generation, and tells each step as an event of its
// stream: thinking, text and each tool call are content blocks. Threads: one at a time.
class MessageWriter {
  public:
    // Sends one event; false: the client is gone.
    using Emit = std::function<bool(std::string_view name, const json::Object& data)>;

    struct Head {
        std::string model;
        int input_tokens = 0;  // as far as is known at the start
        std::vector<std::string> stop_sequences;
    };
    // Without a stream, `emit` may do nothing.
    MessageWriter(Head head, Emit emit);

    // False: the client is gone.
    bool add(const inference::GenerateEvent& event);
    // The whole message; also tells the end of the stream.
    json::Object finish(const inference::GenerateResult& result);

  private:
    enum class Open { none, thinking, text };

    bool begin();
    bool send(std::string_view name, json::Object data);
    bool open(Open kind);
    bool close();
    bool grow(Open kind, const std::string& text);
    bool add_tool_use(const models::ToolCall& call);
    json::Object block(const std::string& text) const;
    json::Object message(json::Value reason, json::Value stop_sequence, json::Object usage) const;

    const Head head_;
    const Emit emit_;
    const std::string id_;
    bool begun_ = false;
    json::Array content_;  // finished blocks
    bool called_tools_ = false;
    Open open_ = Open::none;  // the block that grows
    std::string text_;
};

}  // namespace moat::api::anthropic
