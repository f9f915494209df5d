#pragma once

#include <memory>

#include "adapters/curl/curl_transfer.h"
#include "app/config.h"
#include "inference/gpu_watch.h"
#include "inference/model_runtime.h"
#include "inference/runner_engine.h"
#include "models/model_store.h"
#include "models/registry/registry.h"

namespace moat::app {

// Installed models, where they come from and what runs them. Threads: any. Owns: the runner
// processes. Borrows: the clock.
class ModelServices {
  public:
    // Errors: io (the models folder).
    static Result<std::unique_ptr<ModelServices>> open(const Config& config, const Clock& clock);

    models::ModelStore store;
    inference::GpuWatch gpus;
    inference::RunnerEngine engine;   // borrows the cards
    inference::ModelRuntime runtime;  // borrows both
    adapters::CurlTransfer http;
    models::Registry registry;  // borrows the store and the transfer

  private:
    ModelServices(
        const Config& config,
        models::ModelStore opened,
        inference::RunnerSettings runner,
        inference::RuntimeSettings settings,
        const Clock& clock
    );
};

}  // namespace moat::app
