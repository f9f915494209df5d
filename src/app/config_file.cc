// The only file that includes toml++.
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include "app/config_layers.h"
#include "base/file.h"
#include "inference/cache_type.h"

namespace moat::app {
namespace {

// Reads the settings of one file; the first failure stays.
class Reader {
  public:
    explicit Reader(Config& config, std::filesystem::path folder)
        : config_(config), folder_(std::move(folder)) {}

    Status read(const toml::table& file);

  private:
    void read_setting(const std::string& name, const toml::node& node);
    void read_path(const toml::node& node, std::filesystem::path& out);
    void read_count(const toml::node& node, int& out);
    void read_bytes(const toml::node& node, std::uint64_t& out);
    void read_duration(const toml::node& node, Duration& out);
    void read_level(const toml::node& node);
    void read_flash_attention(const toml::node& node);
    void read_cache_type(const toml::node& node);
    std::vector<std::string> list(const toml::node& node);
    void read_tls(const toml::node& node);
    template <class T>
    void read_value(const toml::node& node, T& out);
    void fail(const toml::node& node, std::string_view what);

    Config& config_;
    const std::filesystem::path folder_;
    std::string name_;  // of the setting being read
    std::optional<Error> failure_;
};

void Reader::fail(const toml::node& node, std::string_view what) {
    if (failure_) return;
    failure_ = Error{
        ErrorCode::invalid_argument,
        fmt::format("config.toml, line {}: {} {}", node.source().begin.line, name_, what)
    };
}

template <class T>
void Reader::read_value(const toml::node& node, T& out) {
    if (const auto value = node.value_exact<T>())
        out = *value;
    else
        fail(node, std::is_same_v<T, bool> ? "must be true or false" : "must be a text in quotes");
}

void Reader::read_path(const toml::node& node, std::filesystem::path& out) {
    std::string text;
    read_value(node, text);
    if (!text.empty()) out = folder_ / text;  // an absolute one stays as it is
}

void Reader::read_count(const toml::node& node, int& out) {
    const auto value = node.value_exact<std::int64_t>();
    if (value && *value >= 0 && *value <= 1'000'000'000)
        out = static_cast<int>(*value);
    else
        fail(node, "must be a number");
}

void Reader::read_bytes(const toml::node& node, std::uint64_t& out) {
    const auto value = node.value_exact<std::int64_t>();
    if (value && *value >= 0)
        out = static_cast<std::uint64_t>(*value);
    else
        fail(node, "must be a number of bytes");
}

void Reader::read_duration(const toml::node& node, Duration& out) {
    std::string text;
    read_value(node, text);
    if (failure_) return;
    if (const auto value = parse_duration(text))
        out = *value;
    else
        fail(node, "must be a duration such as \"5m\"");
}

void Reader::read_level(const toml::node& node) {
    std::string text;
    read_value(node, text);
    if (text == "debug")
        config_.log_level = log::Level::debug;
    else if (text == "info")
        config_.log_level = log::Level::info;
    else if (text == "warning")
        config_.log_level = log::Level::warning;
    else if (text == "error")
        config_.log_level = log::Level::error;
    else
        fail(node, "must be debug, info, warning or error");
}

void Reader::read_flash_attention(const toml::node& node) {
    bool on = false;
    read_value(node, on);
    config_.flash_attention = on;
}

void Reader::read_cache_type(const toml::node& node) {
    std::string text;
    read_value(node, text);
    if (inference::is_cache_type(text))
        config_.cache_type = text;
    else
        fail(node, fmt::format("must be one of {}", inference::kCacheTypes));
}

std::vector<std::string> Reader::list(const toml::node& node) {
    std::vector<std::string> out;
    if (const auto one = node.value_exact<std::string>()) return {*one};
    const toml::array* items = node.as_array();
    if (items == nullptr) fail(node, "must be a list of texts");
    for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
        std::string text;
        read_value((*items)[i], text);
        out.push_back(std::move(text));
    }
    return out;
}

void Reader::read_tls(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return fail(node, "must be a section [tls]");
    http::TlsFiles files;
    for (const auto& [key, value] : *table) {
        name_ = "tls." + std::string(key.str());
        if (key == "certificate")
            read_path(value, files.certificate);
        else if (key == "key")
            read_path(value, files.key);
        else
            fail(value, "is not a setting");
    }
    if (files.certificate.empty() || files.key.empty())
        fail(node, "needs both certificate and key");
    config_.tls = files;
}

void Reader::read_setting(const std::string& name, const toml::node& node) {
    using Read = std::function<void(const toml::node&)>;
    const auto text = [this](std::string& out) -> Read {
        return [this, &out](const toml::node& n) { read_value(n, out); };
    };
    const auto flag = [this](bool& out) -> Read {
        return [this, &out](const toml::node& n) { read_value(n, out); };
    };
    const auto count = [this](int& out) -> Read {
        return [this, &out](const toml::node& n) { read_count(n, out); };
    };
    const auto duration = [this](Duration& out) -> Read {
        return [this, &out](const toml::node& n) { read_duration(n, out); };
    };
    const std::map<std::string, Read> settings = {
        {"models", [this](const toml::node& n) { read_path(n, config_.models); }},
        {"tls", [this](const toml::node& n) { read_tls(n); }},
        {"require_key", flag(config_.require_key)},
        {"insecure", flag(config_.insecure)},
        {"origins", [this](const toml::node& n) { config_.origins = list(n); }},
        {"chat_model", text(config_.chat_model)},
        {"embedding_model", text(config_.embedding_model)},
        {"keep_alive", duration(config_.keep_alive)},
        {"load_timeout", duration(config_.load_timeout)},
        {"context_length", count(config_.context_length)},
        {"max_loaded_models", count(config_.max_loaded_models)},
        {"max_queue", count(config_.max_queue)},
        {"parallel", count(config_.parallel)},
        {"replicas", count(config_.replicas)},
        {"gpu_overhead_bytes",
         [this](const toml::node& n) { read_bytes(n, config_.gpu_overhead_bytes); }},
        {"sched_spread", flag(config_.sched_spread)},
        {"prompt_cache_mb", count(config_.prompt_cache_mb)},
        {"prompt_cache_disk_mb", count(config_.prompt_cache_disk_mb)},
        {"flash_attention", [this](const toml::node& n) { read_flash_attention(n); }},
        {"cache_type", [this](const toml::node& n) { read_cache_type(n); }},
        {"ingest_workers", count(config_.ingest_workers)},
        {"store_memory_mb", count(config_.store_memory_mb)},
        {"ca_file", [this](const toml::node& n) { read_path(n, config_.ca_file); }},
        {"pull_connections", count(config_.pull_connections)},
        {"pull_part_bytes", count(config_.pull_part_bytes)},
        {"pull_stall_limit", duration(config_.pull_stall_limit)},
        {"pull_retry_delay", duration(config_.pull_retry_delay)},
        {"log_level", [this](const toml::node& n) { read_level(n); }},
    };
    name_ = name;
    if (name == "listen") {
        auto addresses = parse_listen(list(node));
        if (addresses)
            config_.listen = *std::move(addresses);
        else
            fail(node, "holds " + addresses.error().message);
        return;
    }
    if (name == "grpc_listen") {
        std::string address;
        read_value(node, address);
        if (const Status chosen = choose_grpc_listen(config_, address); !chosen)
            fail(node, "holds " + chosen.error().message);
        return;
    }
    const auto found = settings.find(name);
    // A misspelt setting that is silently ignored may be the one that was to protect the server.
    if (found == settings.end()) return fail(node, "is not a setting");
    found->second(node);
}

Status Reader::read(const toml::table& file) {
    for (const auto& [key, node] : file)
        read_setting(std::string(key.str()), node);
    if (failure_) return *failure_;
    return Ok{};
}

}  // namespace

Status apply_file(Config& config, const std::filesystem::path& file) {
    const auto text = read_file(file, std::size_t{1} << 20);
    if (!text && text.error().code == ErrorCode::not_found) return Ok{};
    if (!text) return text.error();
    const toml::parse_result parsed = toml::parse(*text);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("config.toml, line {}: {}", error.source().begin.line, error.description())
        };
    }
    return Reader(config, file.parent_path()).read(parsed.table());
}

}  // namespace moat::app
