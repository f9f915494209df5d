#include "app/config.h"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "app/config_layers.h"
#include "inference/cache_type.h"

namespace moat::app {
namespace {

constexpr std::uint16_t kDefaultPort = 11434;
constexpr std::uint16_t kDefaultGrpcPort = 50051;

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n\"'");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n\"'") - first + 1);
}

// Ollama's rule: what is no boolean, but there, means yes.
bool is_true(std::string_view text) {
    return text != "0" && text != "f" && text != "F" && text != "false" && text != "False" &&
           text != "FALSE";
}

// Seconds in a unit of Go's durations.
std::optional<double> seconds_in(std::string_view unit) {
    if (unit == "h") return 3600;
    if (unit == "m") return 60;
    if (unit == "s") return 1;
    if (unit == "ms") return 1e-3;
    return std::nullopt;
}

// Of a setting that Ollama has too, our own name wins.
struct Variable {
    std::string name;
    std::string text;
};
std::optional<Variable> find_variable(const Environment& environment, std::string_view name) {
    constexpr std::string_view kOllamas = "OLLAMA_";
    if (name.starts_with(kOllamas)) {
        std::string own = "MOAT_" + std::string(name.substr(kOllamas.size()));
        if (auto text = environment(own.c_str())) return Variable{std::move(own), *std::move(text)};
    }
    std::string same(name);
    if (auto text = environment(same.c_str())) return Variable{std::move(same), *std::move(text)};
    return std::nullopt;
}

template <class Number>
void read_number(Config& config, const Environment& environment, const char* name, Number& out) {
    const auto variable = find_variable(environment, name);
    if (!variable) return;
    const std::string& text = variable->text;
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool negative = text.starts_with('-');
    if (error == std::errc() && end == text.data() + text.size() && !negative)
        out = value;
    else
        config.warnings.push_back(
            fmt::format("{} is not a number: \"{}\"; using {}", variable->name, text, out)
        );
}

void read_duration(
    Config& config, const Environment& environment, const char* name, Duration& out
) {
    const auto variable = find_variable(environment, name);
    if (!variable) return;
    if (auto value = parse_duration(variable->text))
        out = *value;
    else
        config.warnings.push_back(fmt::format(
            "{} is not a duration such as 5m: \"{}\"; using the default",
            variable->name,
            variable->text
        ));
}

void read_cache_type(Config& config, const Environment& environment) {
    const auto variable = find_variable(environment, "OLLAMA_KV_CACHE_TYPE");
    if (!variable) return;
    if (inference::is_cache_type(variable->text))
        config.cache_type = variable->text;
    else
        config.warnings.push_back(fmt::format(
            "{} is none of {}: \"{}\"; using {}",
            variable->name,
            inference::kCacheTypes,
            variable->text,
            config.cache_type
        ));
}

// A port that is none gives way to the default one, as with Ollama.
Result<HostPort> read_host(Config& config, const std::string& text) {
    auto address = parse_host_port(text, kDefaultPort);
    const std::size_t colon = text.rfind(':');
    if (address || colon == std::string::npos) return address;
    auto without = parse_host_port(text.substr(0, colon), kDefaultPort);
    if (!without) return address;
    config.warnings.push_back(
        fmt::format("OLLAMA_HOST: \"{}\" has no valid port; using {}", text, without->port)
    );
    return without;
}

Status read_addresses(Config& config, const Environment& environment) {
    const auto own = environment("MOAT_LISTEN");
    const auto ollamas = environment("OLLAMA_HOST");
    if (!own && !ollamas) return Ok{};
    if (own) {
        auto listen = parse_listen(split_list(*own));
        if (!listen) return Error{listen.error().code, "MOAT_LISTEN: " + listen.error().message};
        config.listen = *std::move(listen);
        return Ok{};
    }
    auto address = read_host(config, *ollamas);
    if (!address) return Error{address.error().code, "OLLAMA_HOST: " + address.error().message};
    config.listen = {*std::move(address)};
    return Ok{};
}

// Variables people set, or find in guides, that do nothing here: silence would mislead.
void warn_of_idle_variables(Config& config, const Environment& environment) {
    constexpr std::pair<const char*, const char*> kIdle[] = {
        {"OLLAMA_NUM_CTX", "has no effect here or with Ollama; set OLLAMA_CONTEXT_LENGTH"},
        {"OLLAMA_GPU_MEMORY_FRACTION", "has no effect here or with Ollama; num_gpu limits layers"},
        {"OLLAMA_GPU_PRECISION", "has no effect here or with Ollama; a model's file decides"},
        {"OLLAMA_DEBUG_LOG_REQUESTS", "has no effect here: requests are never written to the log"},
        {"OLLAMA_LLM_LIBRARY", "has no effect here: the backend is chosen when Moat is built"},
        {"OLLAMA_LIBRARY_PATH", "has no effect here: the backend is chosen when Moat is built"},
        {"OLLAMA_REMOTES", "has no effect here: there are no remote models"},
    };
    for (const auto& [name, why] : kIdle) {
        if (environment(name)) config.warnings.push_back(fmt::format("{} {}", name, why));
    }
}

}  // namespace

Environment process_environment() {
    return [](const char* name) -> std::optional<std::string> {
        // Nobody changes the environment of this process.
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
        if (value == nullptr || trim(value).empty()) return std::nullopt;
        return std::string(trim(value));
    };
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (const auto item = trim(text.substr(0, comma)); !item.empty()) out.emplace_back(item);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

Result<std::vector<HostPort>> parse_listen(const std::vector<std::string>& addresses) {
    std::vector<HostPort> out;
    for (const std::string& text : addresses) {
        TRY_ASSIGN(HostPort address, parse_host_port(text, kDefaultPort));
        out.push_back(std::move(address));
    }
    return out;
}

Status choose_grpc_listen(Config& config, const std::string& text) {
    config.grpc_listen_chosen = true;
    config.grpc_listen.reset();
    if (text == "off") return Ok{};
    TRY_ASSIGN(config.grpc_listen, parse_host_port(text, kDefaultGrpcPort));
    return Ok{};
}

Result<Duration> parse_duration(std::string_view text) {
    const Error invalid{
        ErrorCode::invalid_argument, fmt::format("\"{}\" is not a duration such as 5m", text)
    };
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.empty()) return invalid;
    double seconds = 0;
    bool first = true;
    while (!text.empty()) {
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || number < 0) return invalid;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
        const std::string_view unit = text.substr(0, unit_end);
        text.remove_prefix(unit_end);
        const auto scale = seconds_in(unit);
        // A bare number is seconds.
        if (!scale && !(first && unit.empty() && text.empty())) return invalid;
        seconds += number * scale.value_or(1);
        first = false;
    }
    if (seconds > 1e9) seconds = 1e9;
    const auto value = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    return negative ? -value : value;
}

Status apply_environment(Config& config, const Environment& environment) {
    TRY(read_addresses(config, environment));
    if (const auto address = environment("MOAT_GRPC_LISTEN")) {
        const Status chosen = choose_grpc_listen(config, *address);
        if (!chosen)
            return Error{chosen.error().code, "MOAT_GRPC_LISTEN: " + chosen.error().message};
    }
    if (const auto models = find_variable(environment, "OLLAMA_MODELS"))
        config.models = models->text;
    if (const auto origins = find_variable(environment, "OLLAMA_ORIGINS"))
        config.origins = split_list(origins->text);
    if (const auto value = environment("MOAT_REQUIRE_KEY")) config.require_key = is_true(*value);
    if (const auto value = environment("MOAT_INSECURE")) config.insecure = is_true(*value);
    if (const auto value = environment("MOAT_CHAT_MODEL")) config.chat_model = *value;
    if (const auto value = environment("MOAT_EMBEDDING_MODEL")) config.embedding_model = *value;
    const auto certificate = environment("MOAT_TLS_CERT");
    const auto key = environment("MOAT_TLS_KEY");
    if (certificate && key) config.tls = http::TlsFiles{.certificate = *certificate, .key = *key};
    if (certificate.has_value() != key.has_value())
        return Error{
            ErrorCode::invalid_argument, "MOAT_TLS_CERT and MOAT_TLS_KEY are needed together"
        };
    read_duration(config, environment, "OLLAMA_KEEP_ALIVE", config.keep_alive);
    read_duration(config, environment, "OLLAMA_LOAD_TIMEOUT", config.load_timeout);
    read_number(config, environment, "OLLAMA_MAX_QUEUE", config.max_queue);
    read_number(config, environment, "OLLAMA_NUM_PARALLEL", config.parallel);
    read_number(config, environment, "MOAT_PROMPT_CACHE_MB", config.prompt_cache_mb);
    read_number(config, environment, "MOAT_PROMPT_CACHE_DISK_MB", config.prompt_cache_disk_mb);
    read_number(config, environment, "OLLAMA_MAX_LOADED_MODELS", config.max_loaded_models);
    read_number(config, environment, "OLLAMA_CONTEXT_LENGTH", config.context_length);
    read_number(config, environment, "MOAT_REPLICAS", config.replicas);
    read_number(config, environment, "OLLAMA_GPU_OVERHEAD", config.gpu_overhead_bytes);
    if (const auto spread = find_variable(environment, "OLLAMA_SCHED_SPREAD"))
        config.sched_spread = is_true(spread->text);
    read_number(config, environment, "MOAT_INGEST_WORKERS", config.ingest_workers);
    read_number(config, environment, "MOAT_STORE_MEMORY_MB", config.store_memory_mb);
    if (const auto value = environment("MOAT_PRUNE"); value && is_true(*value))
        config.prune = Config::Prune::any;
    if (const auto keep = find_variable(environment, "OLLAMA_NOPRUNE"); keep && is_true(keep->text))
        config.prune = Config::Prune::never;
    if (const auto file = environment("SSL_CERT_FILE")) config.ca_file = *file;
    if (const auto file = environment("MOAT_CA_FILE")) config.ca_file = *file;
    read_number(config, environment, "MOAT_PULL_CONNECTIONS", config.pull_connections);
    read_number(config, environment, "MOAT_PULL_PART_BYTES", config.pull_part_bytes);
    read_duration(config, environment, "MOAT_PULL_STALL_LIMIT", config.pull_stall_limit);
    read_duration(config, environment, "MOAT_PULL_RETRY_DELAY", config.pull_retry_delay);
    if (const auto flash = find_variable(environment, "OLLAMA_FLASH_ATTENTION"))
        config.flash_attention = is_true(flash->text);
    read_cache_type(config, environment);
    if (const auto debug = find_variable(environment, "OLLAMA_DEBUG");
        debug && is_true(debug->text))
        config.log_level = log::Level::debug;
    warn_of_idle_variables(config, environment);
    return Ok{};
}

Status apply_flags(Config& config, const ServeFlags& flags) {
    if (flags.models) config.models = *flags.models;
    if (!flags.listen.empty()) {
        TRY_ASSIGN(config.listen, parse_listen(flags.listen));
    }
    if (flags.grpc_listen) TRY(choose_grpc_listen(config, *flags.grpc_listen));
    if (flags.tls_certificate.has_value() != flags.tls_key.has_value())
        return Error{ErrorCode::invalid_argument, "--tls-cert and --tls-key are needed together"};
    if (flags.tls_certificate)
        config.tls = http::TlsFiles{.certificate = *flags.tls_certificate, .key = *flags.tls_key};
    if (flags.origins) config.origins = split_list(*flags.origins);
    config.require_key |= flags.require_key;
    config.insecure |= flags.insecure;
    return Ok{};
}

Result<Config> make_config(const ServeFlags& flags, const Environment& environment) {
    Config config;
    if (flags.data) {
        config.data = *flags.data;
    } else if (const auto data = environment("MOAT_DATA")) {
        config.data = *data;
    } else if (const auto home = environment("HOME")) {
        config.data = std::filesystem::path(*home) / ".moat";
    } else {
        return Error{ErrorCode::invalid_argument, "no data folder: give one with --data DIR"};
    }
    TRY_ASSIGN(config.listen, parse_listen({"127.0.0.1:11434"}));
    TRY_ASSIGN(config.grpc_listen, parse_host_port("127.0.0.1", kDefaultGrpcPort));
    TRY(apply_file(config, config.data / "config.toml"));
    TRY(apply_environment(config, environment));
    TRY(apply_flags(config, flags));
    if (config.models.empty()) {
        const auto home = environment("HOME");
        config.models = flags.program == "ollama" && home
                            ? std::filesystem::path(*home) / ".ollama" / "models"
                            : config.data / "models";
    }
    if (config.max_loaded_models == 0) config.max_loaded_models = 3;  // Ollama's "by yourself"
    if (config.parallel == 0) config.parallel = Config{}.parallel;
    if (config.ingest_workers == 0) config.ingest_workers = 1;
    if (config.pull_connections == 0) config.pull_connections = 1;
    return config;
}

}  // namespace moat::app
