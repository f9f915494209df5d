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

// An indented section of `show`: a title, then rows of aligned columns.
std::string section(std::string_view title, const std::vector<Row>& rows) {
    std::string out = fmt::format("  {}\n", title);
    std::size_t width = 0;
    for (const Row& row : rows)
        width = std::max(width, display_width(row[0]));
    for (const Row& row : rows) {
        out += "    " + row[0];
        if (row.size() > 1) out += std::string(width - display_width(row[0]) + 4, ' ') + row[1];
        out += '\n';
    }
    return out + '\n';
}

void add_row(std::vector<Row>& rows, std::string_view name, std::string value) {
    if (!value.empty() && value != "0") rows.push_back({std::string(name), std::move(value)});
}

std::string architecture_number(const json::Value& info, std::string_view suffix) {
    const std::string key = json::string_or(info, "general.architecture") + std::string(suffix);
    return std::to_string(json::int_or(info, key, 0));
}

std::vector<Row> lines_of(std::string_view text, std::size_t limit) {
    std::vector<Row> rows;
    while (!text.empty() && rows.size() < limit) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        if (!line.empty()) rows.push_back({std::string(line)});
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return rows;
}

std::string overview(const json::Value& model) {
    const json::Value details =
        json::find(model, "details") ? *json::find(model, "details") : json::Object{};
    const json::Value info =
        json::find(model, "model_info") ? *json::find(model, "model_info") : json::Object{};
    std::vector<Row> rows;
    add_row(
        rows,
        "architecture",
        json::string_or(info, "general.architecture", json::string_or(details, "family"))
    );
    add_row(rows, "parameters", json::string_or(details, "parameter_size"));
    add_row(rows, "context length", architecture_number(info, ".context_length"));
    add_row(rows, "embedding length", architecture_number(info, ".embedding_length"));
    add_row(rows, "quantization", json::string_or(details, "quantization_level"));
    std::string out = section("Model", rows);

    std::vector<Row> capabilities;
    if (const auto* list = json::find_array(model, "capabilities")) {
        for (const auto& item : *list) {
            if (item.is_string())
                capabilities.push_back({std::string(json::view(item.get_string()))});
        }
    }
    if (!capabilities.empty()) out += section("Capabilities", capabilities);

    const auto parts = {
        std::pair{"Parameters", "parameters"}, {"System", "system"}, {"License", "license"}
    };
    for (const auto& [title, key] : parts) {
        const std::string text = json::string_or(model, key);
        const std::size_t limit = std::string_view(key) == "parameters" ? 100 : 4;
        if (!text.empty()) out += section(title, lines_of(text, limit));
    }
    return out;
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

int show_model(Session session, const std::string& name, const std::string& part) {
    const auto reply = session.api.post("/api/show", json::Object{{"model", name}});
    if (!reply) return session.console.fail(reply.error().message);
    if (part.empty()) {
        session.console.print(overview(*reply));
    } else {
        std::string text = json::string_or(*reply, part);
        if (!text.ends_with('\n')) text += '\n';
        session.console.print(text);
    }
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
