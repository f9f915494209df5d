#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <llama.h>

// llama.cpp used in the plainest way, one sequence and one token after the other: what the
// runner's answers are compared with in tests. Shares no code with the runner.
namespace moat::adapters::llama {

class PlainLlama {
  public:
    // `embeddings`: a context that gives vectors. Ends the program when it cannot load.
    PlainLlama(const std::filesystem::path& gguf, bool embeddings);
    ~PlainLlama();
    PlainLlama(const PlainLlama&) = delete;
    PlainLlama& operator=(const PlainLlama&) = delete;

    std::vector<llama_token> tokenize(const std::string& text) const;
    // The most likely token, `count` times, each step from the whole state before it.
    std::vector<llama_token> greedy(const std::vector<llama_token>& prompt, int count);
    // The logits after `tokens`.
    std::vector<float> logits(const std::vector<llama_token>& tokens);
    // Of one text alone, of length one.
    std::vector<float> embed(const std::string& text);

  private:
    llama_model* model_ = nullptr;
    llama_context* context_ = nullptr;
};

}  // namespace moat::adapters::llama
