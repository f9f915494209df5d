#pragma once

#include <memory>

#include "app/config.h"
#include "inference/model_runtime.h"
#include "inference/runner_engine.h"
#include "models/model_store.h"

namespace moat::app {

// Installed models and what runs them. Threads: any. Owns: the runner processes. Borrows: the
// clock.
class ModelServices {
  public:
    // Errors: io (the models folder).
    static Result<std::unique_ptr<ModelServices>> open(const Config& config, const Clock& clock);

    models::ModelStore store;
    inference::RunnerEngine engine;
    inference::ModelRuntime runtime;  // borrows both

  private:
    ModelServices(
        models::ModelStore opened,
        inference::RunnerSettings runner,
        inference::RuntimeSettings settings,
        const Clock& clock
    );
};

}  // namespace moat::app
