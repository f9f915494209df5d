#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "inference/model_runtime.h"
#include "knowledge/embedder.h"
#include "models/model_store.h"

namespace moat::knowledge {

// Embedder on the installed models.
//
// Threads: any. Borrows: the store and the runtime.
class RuntimeEmbedder final : public Embedder {
  public:
    // `preferred`: the model new knowledge bases get; empty, or not installed: the one installed
    // last that only embeds.
    RuntimeEmbedder(
        const models::ModelStore& store, inference::ModelRuntime& runtime, std::string preferred
    )
        : store_(store), runtime_(runtime), preferred_(std::move(preferred)) {}

    std::optional<std::string> default_model() override;
    bool installed(const std::string& model) override;
    Result<bool> reads_chinese(const Principal& who, const std::string& model, std::stop_token stop)
        override;
    Result<std::vector<std::vector<float>>> embed(
        const Principal& who,
        const std::string& model,
        const std::vector<std::string>& texts,
        std::stop_token stop
    ) override;

  private:
    std::optional<std::string> preferred_model() const;
    Result<bool> try_chinese(const Principal& who, const std::string& model, std::stop_token stop);

    const models::ModelStore& store_;
    inference::ModelRuntime& runtime_;
    const std::string preferred_;
    std::mutex mutex_;
    std::map<std::string, bool> reads_chinese_;  // by manifest digest; guarded by mutex_
};

}  // namespace moat::knowledge
