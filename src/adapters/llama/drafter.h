#pragma once

#include <memory>
#include <span>
#include <vector>

#include "adapters/llama/model.h"
#include "base/result.h"

// Guesses at the next tokens of an answer. The model checks all of them in one batch, which costs
// little more than computing one token: the answer is the same, only sooner where guesses are
// right. (Leviathan, Kalman, Matias, "Fast Inference from Transformers via Speculative Decoding",
// 2023, with guesses that are certain: what the model would sample is sampled, and counts.)
namespace moat::adapters::llama {

inline constexpr std::size_t kMostGuesses = 16;

// What followed the last time the newest tokens of `context` stood in it: good where an answer
// repeats its prompt, as quotes and edits do. (Prompt lookup: Saxena, "Prompt Lookup Decoding",
// 2023.) Cost: linear in the context, and small.
Tokens guess_by_lookup(std::span<const llama_token> context, std::size_t most);

// A small model with the same vocabulary. Threads: one.
class DraftModel {
  public:
    // `target`: the model it guesses for, which must outlive it. Errors: those of Model::load;
    // invalid_argument when the vocabularies differ.
    static Result<std::unique_ptr<DraftModel>> load(
        const inference::ModelSource& source,
        const Cards& cards,
        const LogCapture& log,
        const Model& target,
        int context_length,
        int sequences
    );

    // Its own most likely continuation of `context`. It keeps what it computed for each sequence,
    // so that only new tokens cost anything. Empty where it cannot compute.
    Tokens guess(llama_seq_id sequence, std::span<const llama_token> context, std::size_t most);

  private:
    DraftModel(Model model, ContextPtr context, int batch, int sequences)
        : model_(std::move(model)),
          context_(std::move(context)),
          batch_(batch),
          known_(static_cast<std::size_t>(sequences)) {}

    bool compute(llama_seq_id sequence, std::span<const llama_token> tokens, std::size_t from);
    llama_token most_likely() const;

    Model model_;
    ContextPtr context_;
    const int batch_;
    std::vector<Tokens> known_;  // of each sequence: what its state holds
};

// Whether guesses are worth their cost for one answer: after many wrong ones it rests a while.
class GuessLedger {
  public:
    bool is_resting() const { return rest_ > 0; }
    // A step without guesses.
    void pass() {
        if (rest_ > 0) --rest_;
    }
    void record(std::size_t guessed, std::size_t right) {
        if (guessed == 0) return;
        constexpr double kForget = 0.8;  // of what came before, with each batch of guesses
        constexpr double kEnough = 4;    // guesses before anything is concluded
        constexpr double kWorthIt = 0.2;
        constexpr int kRest = 64;
        guessed_ = kForget * guessed_ + static_cast<double>(guessed);
        right_ = kForget * right_ + static_cast<double>(right);
        if (guessed_ < kEnough || right_ >= kWorthIt * guessed_) return;
        *this = {};
        rest_ = kRest;
    }

  private:
    double guessed_ = 0;
    double right_ = 0;
    int rest_ = 0;
};

}  // namespace moat::adapters::llama
