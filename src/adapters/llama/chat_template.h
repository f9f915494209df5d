#pragma once

#include <cstddef>
#include <string>

#include <chat.h>

#include "adapters/llama/model.h"
#include "base/result.h"
#include "inference/engine.h"

// Conversations by the model file's own template (Jinja), and answers taken apart again into
// content, thinking and tool calls, both by llama.cpp's chat library.
namespace moat::adapters::llama {

// Threads: any, once made. A model without a template gets ChatML.
class ChatTemplate {
  public:
    // Errors: unsupported (a template this build cannot read).
    static Result<ChatTemplate> of(const Model& model);
    // From its source alone, without a model's tokens for begin and end.
    static Result<ChatTemplate> of(const std::string& source);

    // Errors: invalid_argument (the template refuses the messages; bad tools).
    Result<common_chat_params> apply(
        const inference::ChatPrompt& prompt, const std::string& json_schema
    ) const;

  private:
    static Result<ChatTemplate> make(const llama_model* model, const std::string& source);

    common_chat_templates_ptr templates_;
};

// Takes the text of one answer as it grows.
// Threads: one at a time. Cost: a template with thinking or tools reads the whole answer again at
//          each push, as llama.cpp's parser has no other way.
class ChatParser {
  public:
    explicit ChatParser(const common_chat_params& parameters, bool has_tools);

    // What is new since the push before. Tool calls come whole, one after the other.
    inference::GenerateEvent push(std::string_view text);
    // The rest, at the end of the answer.
    inference::GenerateEvent finish();

  private:
    inference::GenerateEvent parse(bool is_partial);
    inference::GenerateEvent news(const common_chat_msg& message, bool is_partial);

    common_chat_parser_params parameters_;
    const bool is_plain_;  // everything is content
    std::string text_;
    std::string content_;   // given out so far
    std::string thinking_;  // given out so far
    std::size_t calls_ = 0;
};

}  // namespace moat::adapters::llama
