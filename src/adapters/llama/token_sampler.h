#pragma once

#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include <chat.h>

#include "adapters/llama/model.h"
#include "adapters/llama/sampler_chain.h"
#include "base/result.h"
#include "inference/engine.h"
#include "inference/grammar_guide.h"

// Chooses the next token from the model's logits, by a request's options and grammar. A token is
// chosen freely first; only if the grammar refuses it, once more among those it allows.
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
    // way on; the model computed no numbers), invalid_argument (a grammar too ambiguous to follow).
    Result<llama_token> sample(llama_context* context, int index);
    // The same, from any logits; one for each token of the vocabulary.
    Result<llama_token> sample(std::span<const float> logits);
    // For the token just sampled, from the same logits before any option touched them.
    inference::TokenLogprob logprob(llama_context* context, int index, llama_token token, int top)
        const;
    // Control tokens whose text belongs to the answer.
    bool is_preserved(llama_token token) const { return preserved_.contains(token); }

  private:
    explicit TokenSampler(const Model& model) : model_(&model) {}
    std::span<const float> logits(llama_context* context, int index) const;
    std::string_view text_of(llama_token token) const;
    bool is_allowed(llama_token token);
    // The `count` highest that may be chosen from; 0: all.
    void take(std::span<const float> logits, std::size_t count);
    void take_allowed(std::span<const float> logits);
    Status take_instead(std::span<const float> logits);
    Result<llama_token> choose();
    Status accept(llama_token token);

    const Model* model_;
    SamplerChain chain_;
    std::optional<inference::GrammarGuide> guide_;
    const TokenTexts* texts_ = nullptr;    // with a guide
    std::vector<llama_token_data> taken_;  // scratch: what is chosen from
    std::set<llama_token> preserved_;
};

}  // namespace moat::adapters::llama
