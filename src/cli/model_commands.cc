#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "cli/commands.h"
#include "models/model_name.h"
#include "models/version_tag.h"

namespace moat::cli {
namespace {

// Manifest digests are shown by their first twelve digits, as Ollama's list does.
std::string short_id(const json::Value& model) {
    return json::string_or(model, "digest").substr(0, 12);
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return text;
}

bool has_prefix(const json::Value& model, const std::string& prefix) {
    return lower(json::string_or(model, "name")).starts_with(lower(prefix));
}

Time time_of(const json::Value& model, std::string_view key) {
    const auto time = parse_rfc3339(json::string_or(model, key));
    return time ? *time : Time{};
}

std::string processor_of(const json::Value& model) {
    const auto size = json::int_or(model, "size", 0);
    const auto vram = json::int_or(model, "size_vram", 0);
    if (vram == 0) return "100% CPU";
    if (vram >= size) return "100% GPU";
    const auto cpu =
        static_cast<int>((1.0 - static_cast<double>(vram) / static_cast<double>(size)) * 100 + 0.5);
    return fmt::format("{}%/{}% CPU/GPU", cpu, 100 - cpu);
}

std::string until_of(const json::Value& model, Time now) {
    // Forever may be said by a year that Time does not reach.
    if (json::string_or(model, "expires_at") >= "2200") return "Forever";
    const Time until = time_of(model, "expires_at");
    if (until < now) return "Stopping...";
    if (until - now > std::chrono::years(20)) return "Forever";
    return human_time(until, now);
}

json::Array models_of(const json::Value& reply, const std::string& prefix) {
    json::Array kept;
    if (const auto* models = json::find_array(reply, "models")) {
        for (const auto& model : *models) {
            if (has_prefix(model, prefix)) kept.push_back(model);
        }
    }
    return kept;
}

// By name, and the versions of one name newest first.
bool by_version(const json::Value& a, const json::Value& b) {
    const auto left = models::parse_model_name(json::string_or(a, "name"));
    const auto right = models::parse_model_name(json::string_or(b, "name"));
    if (!left || !right) return json::string_or(a, "name") < json::string_or(b, "name");
    const auto place = [](const models::ModelName& name) {
        return std::tie(name.host, name.name_space, name.model);
    };
    if (place(*left) != place(*right)) return place(*left) < place(*right);
    return models::listed_before(left->tag, right->tag);
}

}  // namespace

int list_models(Session session, const std::string& prefix) {
    const auto reply = session.api.get("/api/tags");
    if (!reply) return session.console.fail(reply.error().message);
    const Time now = std::chrono::system_clock::now();
    std::vector<Row> rows;
    json::Array models = models_of(*reply, prefix);
    // Who names a model wants its versions in order; who names none, what is new.
    if (!prefix.empty()) std::ranges::sort(models, by_version);
    for (const auto& model : models) {
        rows.push_back(
            {json::string_or(model, "name"),
             short_id(model),
             human_size(json::int_or(model, "size", 0)),
             human_time(time_of(model, "modified_at"), now)}
        );
    }
    session.console.print(table({"NAME", "ID", "SIZE", "MODIFIED"}, rows));
    return 0;
}

int list_running(Session session, const std::string& prefix) {
    const auto reply = session.api.get("/api/ps");
    if (!reply) return session.console.fail(reply.error().message);
    const Time now = std::chrono::system_clock::now();
    std::vector<Row> rows;
    for (const auto& model : models_of(*reply, prefix)) {
        rows.push_back(
            {json::string_or(model, "name"),
             short_id(model),
             human_size(json::int_or(model, "size", 0)),
             processor_of(model),
             std::to_string(json::int_or(model, "context_length", 0)),
             until_of(model, now)}
        );
    }
    session.console.print(table({"NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"}, rows));
    return 0;
}

int copy_model(Session session, const std::string& from, const std::string& to) {
    const auto reply =
        session.api.post("/api/copy", json::Object{{"source", from}, {"destination", to}});
    if (!reply) return session.console.fail(reply.error().message);
    session.console.print(fmt::format("copied '{}' to '{}'\n", from, to));
    return 0;
}

int remove_models(Session session, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        // Frees its memory first; that it is not loaded, or unknown, shows in the removal itself.
        (void)session.api.post(
            "/api/generate", json::Object{{"model", name}, {"keep_alive", 0}, {"stream", false}}
        );
        const Status removed = session.api.remove("/api/delete", json::Object{{"model", name}});
        if (!removed) return session.console.fail(removed.error().message);
        session.console.print(fmt::format("deleted '{}'\n", name));
    }
    return 0;
}

int stop_model(Session session, const std::string& name) {
    const auto reply = session.api.post(
        "/api/generate", json::Object{{"model", name}, {"keep_alive", 0}, {"stream", false}}
    );
    if (reply) return 0;
    if (reply.error().code == ErrorCode::not_found) {
        return session.console.fail(fmt::format("couldn't find model \"{}\" to stop", name));
    }
    return session.console.fail(reply.error().message);
}

}  // namespace moat::cli
