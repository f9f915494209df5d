#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <chat.h>
#include <sampling.h>

#include "adapters/llama/model.h"
#include "base/result.h"
#include "inference/engine.h"

// Chooses the next token from the model's logits, by a request's options and grammar.
//
// Threads: one at a time; make() from any. Borrows: the model.
namespace moat::adapters::llama {

class TokenSampler {
  public:
    // `chat`: what the chat template asks for (its grammar, triggers, thinking tags), or nullptr.
    // Errors: invalid_argument (options out of range, a bad grammar or schema).
    static Result<TokenSampler> make(
        const Model& model,
        const inference::GenerateRequest& request,
        const common_chat_params* chat,
        int context_length
    );

    // Tells the penalties what stands before the answer.
    void accept_prompt(std::span<const llama_token> tokens);
    // From the logits at `index` of the batch last decoded. Errors: internal (the grammar has no
    // way on; the model computed no numbers).
    Result<llama_token> sample(llama_context* context, int index);
    // For the token just sampled, from the same logits before any option touched them.
    inference::TokenLogprob logprob(llama_context* context, int index, llama_token token, int top)
        const;
    // Control tokens whose text the chat's parser needs.
    bool is_preserved(llama_token token) const { return preserved_.contains(token); }

  private:
    explicit TokenSampler(const Model& model) : model_(&model) {}
    std::span<const float> logits(llama_context* context, int index) const;
    Result<llama_token> sample_from_top(llama_context* context, int index);

    const Model* model_;
    common_sampler_ptr sampler_;  // nullptr: the most likely token, nothing else matters
    // The highest so many logits decide the same as all of them; 0: they do not.
    std::size_t candidates_ = 0;
    std::vector<llama_token_data> top_;  // scratch
    std::set<llama_token> preserved_;
    int remembered_ = 0;  // tokens the penalties look back
};

}  // namespace moat::adapters::llama
