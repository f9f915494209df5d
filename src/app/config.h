#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/host_port.h"
#include "base/log.h"
#include "base/result.h"
#include "http/server.h"

namespace moat::app {

// What a server is told. Later sources win: defaults, config.toml of the data folder, environment
// (MOAT_*, and OLLAMA_* where Ollama has the setting; of both, MOAT_*), flags.
struct Config {
    std::filesystem::path data;
    // Ollama's layout; default: models/ in the data folder, or ~/.ollama/models for `ollama serve`.
    std::filesystem::path models;
    std::vector<HostPort> listen;
    // For Weaviate's newer clients; none: no gRPC. One that nobody chose may be in use already.
    std::optional<HostPort> grpc_listen;
    bool grpc_listen_chosen = false;
    std::optional<http::TlsFiles> tls;
    bool require_key = false;
    bool insecure = false;
    std::vector<std::string> origins;  // web pages that may call, beside those of this machine

    std::string chat_model;                         // empty: the one installed last
    std::string embedding_model;                    // empty: likewise
    Duration keep_alive = std::chrono::minutes(5);  // negative: forever
    Duration load_timeout = std::chrono::minutes(5);
    int context_length = 0;  // tokens; 0: 4096, or what a model was trained on if less
    // Whether what no model uses is cleared away at the start: in stores that Moat began, never, or
    // in any.
    enum class Prune { own, never, any };
    Prune prune = Prune::own;
    int max_loaded_models = 3;
    int max_queue = 512;
    int parallel = 16;  // requests generating at once on one model, where memory allows
    int replicas = 0;   // runners of one model; 0: up to one for each graphics card
    std::uint64_t gpu_overhead_bytes = 0;  // of each graphics card, left free
    bool sched_spread = false;             // every model over all graphics cards
    // Attention states of prompts seen before, for each model (docs/prompt-cache.md).
    int prompt_cache_mb = 1024;           // in memory
    int prompt_cache_disk_mb = 0;         // in the data folder; 0: none there
    std::optional<bool> flash_attention;  // unset: where the hardware is better with it
    std::string cache_type = "f16";       // of attention states; inference::is_cache_type()
    int ingest_workers = 2;
    int store_memory_mb = 0;  // of all collections; 0: a quarter of what there is

    std::filesystem::path ca_file;  // certificates to trust beside the system's, for registries
    int pull_connections = 8;       // to registries at once
    int pull_part_bytes = 0;        // 0: a sixteenth of a file, 100 MB to 1000 MB
    Duration pull_stall_limit = std::chrono::seconds(30);  // after which a part is asked for anew
    Duration pull_retry_delay = std::chrono::seconds(1);   // doubles with each try

    log::Level log_level = log::Level::info;
    std::vector<std::string> warnings;  // settings that were not understood and left at defaults
};

// What the command line of `moat serve` may say.
struct ServeFlags {
    std::string program = "moat";  // or "ollama": whose defaults hold
    std::optional<std::string> data;
    std::optional<std::string> models;
    std::vector<std::string> listen;
    std::optional<std::string> grpc_listen;
    std::optional<std::string> tls_certificate;
    std::optional<std::string> tls_key;
    std::optional<std::string> origins;
    bool require_key = false;
    bool insecure = false;
};

// A variable, quotes around it trimmed; none when unset or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment process_environment();

// Errors: invalid_argument, naming the setting and its source; io for an unreadable config.toml.
Result<Config> make_config(const ServeFlags& flags, const Environment& environment);

// "5m", "1h30m", "300" (seconds), "-1". Errors: invalid_argument.
Result<Duration> parse_duration(std::string_view text);

}  // namespace moat::app
