#include "app/model_services.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "app/version.h"
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

// Waits with a stop that ends it.
bool wait(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

models::RegistrySettings registry_settings(const Config& config) {
    using std::chrono::milliseconds;
    models::RegistrySettings out;
    out.keys = config.data / "keys";
    // Registries choose what they offer by Ollama's version, as web sites do by "Mozilla/5.0".
    out.user_agent = fmt::format("ollama/{} (amd64 linux) Moat/{}", kOllamaVersion, kVersion);
    out.connections = static_cast<std::size_t>(config.pull_connections);
    models::DownloadSettings& downloads = out.downloads;
    if (config.pull_part_bytes > 0)
        downloads.parts.min_bytes = downloads.parts.max_bytes = config.pull_part_bytes;
    downloads.stall_limit = std::chrono::duration_cast<milliseconds>(config.pull_stall_limit);
    downloads.retry_delay = std::chrono::duration_cast<milliseconds>(config.pull_retry_delay);
    downloads.wait = wait;
    return out;
}

}  // namespace

ModelServices::ModelServices(
    const Config& config,
    models::ModelStore opened,
    inference::RunnerSettings runner,
    inference::RuntimeSettings settings,
    const Clock& clock
)
    : store(std::move(opened)),
      gpus(runner.command),
      engine(
          std::move(runner),
          clock,
          inference::read_model_cost,
          inference::available_memory,
          [this] { return gpus.look(); }
      ),
      runtime(store, engine, std::move(settings)),
      http(config.ca_file),
      registry(store, http, clock, registry_settings(config)) {}

Result<std::unique_ptr<ModelServices>> ModelServices::open(
    const Config& config, const Clock& clock
) {
    TRY_ASSIGN(models::ModelStore store, models::ModelStore::open(config.models));
    TRY_ASSIGN(const std::string program, own_executable());
    prune(store, config.prune);
    inference::RunnerSettings runner;
    runner.command = {program, "runner"};
    runner.max_loaded = config.max_loaded_models;
    runner.max_queue = config.max_queue;
    runner.max_slots = config.parallel;
    runner.default_context = config.context_length;
    runner.replicas = config.replicas;
    runner.gpu_overhead_bytes = config.gpu_overhead_bytes;
    runner.spread = config.sched_spread;
    constexpr std::uint64_t kMegabyte = 1'000'000;
    runner.states.memory_bytes = static_cast<std::uint64_t>(config.prompt_cache_mb) * kMegabyte;
    runner.states.disk_bytes = static_cast<std::uint64_t>(config.prompt_cache_disk_mb) * kMegabyte;
    if (runner.states.disk_bytes > 0) runner.states.folder = config.data / "prompt-cache";
    const bool may_stall = config.load_timeout <= Duration::zero();
    runner.load_stall_limit = may_stall ? Duration(std::chrono::years(10)) : config.load_timeout;
    inference::RuntimeSettings runtime;
    runtime.keep_alive = config.keep_alive;
    runtime.context_length = config.context_length;
    runtime.flash_attention = config.flash_attention;
    runtime.cache_type = config.cache_type;
    std::unique_ptr<ModelServices> out(
        new ModelServices(config, std::move(store), std::move(runner), runtime, clock)
    );
    out->store.use(
        {.quantizer = std::make_shared<models::QuantizerProcess>(
             std::vector<std::string>{program, "quantize", "--child"}
         ),
         .pull =
             [&registry = out->registry](
                 const Principal& who, const std::string& name, const models::ProgressSink& progress
             ) { return registry.pull(who, {.model = name}, progress, {}); }}
    );
    return out;
}

}  // namespace moat::app
