#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "adapters/llama/model.h"
#include "base/result.h"

// A context that computes the vectors of one batch of texts.
//
// Threads: one at a time; lanes of one model may run beside each other. Borrows: the model.
namespace moat::adapters::llama {

inline constexpr int kMaxTextsInBatch = 64;

struct LaneLimits {
    int batch_tokens = 512;  // of one batch, and so of one text
    int threads = 1;
};

class EmbedLane {
  public:
    // Errors: too_large.
    static Result<std::unique_ptr<EmbedLane>> make(const Model& model, const LaneLimits& limits);
    ~EmbedLane();
    EmbedLane(const EmbedLane&) = delete;
    EmbedLane& operator=(const EmbedLane&) = delete;

    // The model gives scores of pairs, and no vectors.
    bool ranks() const;
    int tokens() const { return batch_.n_tokens; }
    int texts() const { return texts_; }

    void clear();
    // The text becomes number texts() of the batch. It must fit.
    void add(std::span<const llama_token> text);
    // Errors: internal.
    Status compute();
    // Of text `index`, a score for each class when it ranks(); empty when llama.cpp has none. Valid
    // until the next compute().
    std::span<const float> vector(int index) const;

  private:
    EmbedLane(const Model& model, int batch_tokens, ContextPtr context);

    const Model& model_;
    const ContextPtr context_;
    llama_batch batch_;
    int texts_ = 0;
};

}  // namespace moat::adapters::llama
