#include "app/model_services.h"

#include <utility>

#include "base/child_process.h"
#include "base/log.h"
#include "inference/gguf_cost.h"
#include "inference/load_plan.h"
#include "models/quantizer_process.h"

namespace moat::app {
namespace {

void prune(models::ModelStore& store, Config::Prune how) {
    if (how == Config::Prune::never) return;
    const auto removed = store.prune(how == Config::Prune::any);
    if (!removed) {
        log::warning("{}", removed.error().message);
    } else if (*removed > 0) {
        log::info("removed {} unused files of the models folder", *removed);
    }
}

}  // namespace

ModelServices::ModelServices(
    models::ModelStore opened,
    inference::RunnerSettings runner,
    inference::RuntimeSettings settings,
    const Clock& clock
)
    : store(std::move(opened)),
      engine(std::move(runner), clock, inference::read_model_cost, inference::available_memory),
      runtime(store, engine, std::move(settings)) {}

Result<std::unique_ptr<ModelServices>> ModelServices::open(
    const Config& config, const Clock& clock
) {
    TRY_ASSIGN(models::ModelStore store, models::ModelStore::open(config.models));
    TRY_ASSIGN(const std::string program, own_executable());
    store.use(
        {.quantizer = std::make_shared<models::QuantizerProcess>(
             std::vector<std::string>{program, "quantize", "--child"}
         )}
    );
    prune(store, config.prune);
    inference::RunnerSettings runner;
    runner.command = {program, "runner"};
    runner.max_loaded = config.max_loaded_models;
    runner.max_queue = config.max_queue;
    runner.max_slots = config.parallel;
    runner.default_context = config.context_length;
    constexpr std::uint64_t kMegabyte = 1'000'000;
    runner.states.memory_bytes = static_cast<std::uint64_t>(config.prompt_cache_mb) * kMegabyte;
    runner.states.disk_bytes = static_cast<std::uint64_t>(config.prompt_cache_disk_mb) * kMegabyte;
    if (runner.states.disk_bytes > 0) runner.states.folder = config.data / "prompt-cache";
    const bool may_stall = config.load_timeout <= Duration::zero();
    runner.load_stall_limit = may_stall ? Duration(std::chrono::years(10)) : config.load_timeout;
    inference::RuntimeSettings runtime;
    runtime.keep_alive = config.keep_alive;
    runtime.context_length = config.context_length;
    return std::unique_ptr<ModelServices>(
        new ModelServices(std::move(store), std::move(runner), runtime, clock)
    );
}

}  // namespace moat::app
