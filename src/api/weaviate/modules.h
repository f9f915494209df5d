#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "answers/generator.h"
#include "base/principal.h"
#include "base/result.h"
#include "inference/model_runtime.h"
#include "models/model_store.h"

namespace moat::api::weaviate {

// What queries ask of models: to rank what was found, and to write about it.
//
// Threads: any; calls block. Errors: not_found, when no model that can is installed, and those of
//          inference::ModelRuntime.
class Modules {
  public:
    virtual ~Modules() = default;

    // How well each document answers the query; larger is better.
    virtual Result<std::vector<float>> rerank(
        const Principal& who,
        const std::string& query,
        const std::vector<std::string>& documents,
        std::stop_token stop
    ) = 0;
    // What the chat model answers to the prompt.
    virtual Result<std::string> write(
        const Principal& who, const std::string& prompt, std::stop_token stop
    ) = 0;
};

// By the installed models: the reranker installed last, and the chat model that answers questions.
// Borrows all.
class ModelModules final : public Modules {
  public:
    ModelModules(
        const models::ModelStore& store,
        inference::ModelRuntime& runtime,
        answers::Generator& generator
    )
        : store_(store), runtime_(runtime), generator_(generator) {}

    Result<std::vector<float>> rerank(
        const Principal& who,
        const std::string& query,
        const std::vector<std::string>& documents,
        std::stop_token stop
    ) override;
    Result<std::string> write(const Principal& who, const std::string& prompt, std::stop_token stop)
        override;

  private:
    const models::ModelStore& store_;
    inference::ModelRuntime& runtime_;
    answers::Generator& generator_;
};

}  // namespace moat::api::weaviate
