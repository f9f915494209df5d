#include <algorithm>

#include <fmt/format.h>

#include "cli/columns.h"
#include "cli/commands.h"

namespace moat::cli {
namespace {

// Of System and License: what does not fit here is what --system and --license are for.
constexpr std::size_t kFirstLines = 2;
constexpr std::size_t kFirstItems = 3;

// A title, then rows of aligned columns, as the tables of `ollama show` are.
std::string section(std::string_view title, const std::vector<Row>& rows) {
    if (rows.empty()) return "";
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], display_width(row[i]));
    }
    std::string out = fmt::format("  {}\n", title);
    for (const Row& row : rows) {
        out += "    ";
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string cell = i < row.size() ? row[i] : "";
            out += cell + std::string(widths[i] - display_width(cell) + 4, ' ');
        }
        out += '\n';
    }
    return out + '\n';
}

void add_row(std::vector<Row>& rows, std::string_view name, std::string value) {
    if (!value.empty() && value != "0") rows.push_back({std::string(name), std::move(value)});
}

json::Value part_of(const json::Value& value, std::string_view key) {
    const json::Object* part = json::find_object(value, key);
    return part != nullptr ? *part : json::Object{};
}

// A number whose key begins with the architecture: llama.context_length.
std::string number_of(const json::Value& info, std::string_view suffix) {
    const std::string key = json::string_or(info, "general.architecture") + std::string(suffix);
    return std::to_string(json::int_or(info, key, 0));
}

// "7B", "999.9M", "12.3K".
std::string human_count(std::int64_t count) {
    constexpr std::pair<double, const char*> kUnits[] = {
        {1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}
    };
    for (const auto& [unit, name] : kUnits) {
        const double value = static_cast<double>(count) / unit;
        if (value >= 10) return fmt::format("{:.0f}{}", value, name);
        if (value >= 1) return fmt::format("{:.1f}{}", value, name);
    }
    return std::to_string(count);
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos) continue;
        lines.push_back(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
    }
    return lines;
}

std::vector<Row> head_of(const std::string& text) {
    std::vector<Row> rows;
    for (const std::string_view line : lines_of(text)) {
        rows.push_back({rows.size() == kFirstLines ? "..." : std::string(line)});
        if (rows.size() > kFirstLines) break;
    }
    return rows;
}

// "stop    "<|im_end|>"" in columns.
std::vector<Row> parameter_rows(const std::string& text) {
    std::vector<Row> rows;
    for (const std::string_view line : lines_of(text)) {
        const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
        const std::size_t value = std::min(line.find_first_not_of(" \t", end), line.size());
        rows.push_back({std::string(line.substr(0, end)), std::string(line.substr(value))});
    }
    return rows;
}

std::vector<Row> model_rows(const json::Value& shown) {
    const json::Value details = part_of(shown, "details");
    const json::Value info = part_of(shown, "model_info");
    const std::string family = json::string_or(details, "family");
    std::string parameters = json::string_or(details, "parameter_size");
    if (parameters.empty())
        parameters = human_count(json::int_or(info, "general.parameter_count", 0));
    std::vector<Row> rows;
    add_row(rows, "architecture", json::string_or(info, "general.architecture", family));
    add_row(rows, "parameters", std::move(parameters));
    add_row(rows, "context length", number_of(info, ".context_length"));
    add_row(rows, "embedding length", number_of(info, ".embedding_length"));
    add_row(rows, "quantization", json::string_or(details, "quantization_level"));
    add_row(rows, "requires", json::string_or(shown, "requires"));
    return rows;
}

std::vector<Row> capability_rows(const json::Value& shown) {
    std::vector<Row> rows;
    if (const auto* list = json::find_array(shown, "capabilities")) {
        for (const auto& item : *list) {
            if (item.is_string()) rows.push_back({std::string(json::view(item.get_string()))});
        }
    }
    return rows;
}

std::vector<Row> projector_rows(const json::Value& shown) {
    const json::Value info = part_of(shown, "projector_info");
    std::vector<Row> rows;
    add_row(rows, "architecture", json::string_or(info, "general.architecture"));
    const auto count = json::int_or(info, "general.parameter_count", 0);
    if (count > 0) add_row(rows, "parameters", human_count(count));
    add_row(rows, "embedding length", number_of(info, ".vision.embedding_length"));
    add_row(rows, "dimensions", number_of(info, ".vision.projection_dim"));
    return rows;
}

std::string metadata_text(const json::Value& value) {
    if (value.is_string()) return std::string(json::view(value.get_string()));
    if (value.is_double()) return fmt::format("{:g}", value.get_double());
    const auto* items = value.if_array();
    if (items == nullptr) return json::write(value);
    std::string text = "[";
    for (std::size_t i = 0; i < std::min(items->size(), kFirstItems); ++i)
        text += (i == 0 ? "" : ", ") + metadata_text((*items)[i]);
    if (items->size() > kFirstItems)
        text += fmt::format(", ...+{} more", items->size() - kFirstItems);
    return text + "]";
}

std::vector<Row> metadata_rows(const json::Value& shown) {
    std::vector<Row> rows;
    const json::Object* info = json::find_object(shown, "model_info");
    if (info == nullptr) return rows;
    for (const auto& [key, value] : *info) {
        std::string text = metadata_text(value);
        std::ranges::replace(text, '\n', ' ');
        rows.push_back({std::string(json::view(key)), fit(text, 100)});
    }
    std::ranges::sort(rows);
    return rows;
}

std::vector<Row> tensor_rows(const json::Value& shown) {
    std::vector<Row> rows;
    const auto* tensors = json::find_array(shown, "tensors");
    if (tensors == nullptr) return rows;
    for (const auto& tensor : *tensors) {
        std::string shape;
        if (const auto* sizes = json::find_array(tensor, "shape")) {
            for (const auto& size : *sizes)
                shape += (shape.empty() ? "" : " ") + json::write(size);
        }
        rows.push_back(
            {json::string_or(tensor, "name"),
             json::string_or(tensor, "type"),
             fmt::format("[{}]", shape)}
        );
    }
    return rows;
}

// The arithmetic of a load. 1 when it does not fit.
int show_fit(Session session, const ShowOptions& options) {
    const auto reply =
        session.api.post("/api/show", json::Object{{"model", options.model}, {"fit", true}});
    if (!reply) return session.console.fail(reply.error().message);
    const json::Value fit = part_of(*reply, "fit");
    const auto number = [&](std::string_view key) { return json::int_or(fit, key, 0); };
    const bool fits = json::bool_or(fit, "fits", false);
    const std::int64_t pool = number("pool_tokens");
    std::vector<Row> rows;
    add_row(rows, "weights", human_size(number("file_bytes")));
    add_row(
        rows,
        "attention state",
        fmt::format(
            "{} ({} tokens x {} B)",
            human_size(pool * number("cache_bytes_per_token")),
            pool,
            number("cache_bytes_per_token")
        )
    );
    add_row(rows, "work space", human_size(number("workspace_bytes")));
    add_row(rows, "needed", human_size(number("needed_bytes")));
    add_row(rows, "available", human_size(number("available_bytes")));
    add_row(rows, "context length", std::to_string(number("context_length")));
    if (fits) add_row(rows, "requests at once", std::to_string(number("slots")));
    add_row(rows, "fits", fits ? "yes" : "no");
    session.console.print(section("Memory", rows));
    if (fits) return 0;
    session.console.note(std::string(session.console.pick(
        "Free memory, lower num_ctx, or choose a smaller model.",
        "请释放内存、减小 num_ctx 或选择更小的模型。"
    )));
    return 1;
}

}  // namespace

std::string model_overview(const json::Value& shown) {
    return section("Model", model_rows(shown)) + section("Capabilities", capability_rows(shown)) +
           section("Projector", projector_rows(shown)) +
           section("Parameters", parameter_rows(json::string_or(shown, "parameters"))) +
           section("System", head_of(json::string_or(shown, "system"))) +
           section("License", head_of(json::string_or(shown, "license")));
}

int show_model(Session session, const ShowOptions& options) {
    if (options.fit) return show_fit(session, options);
    const auto reply = session.api.post(
        "/api/show", json::Object{{"model", options.model}, {"verbose", options.verbose}}
    );
    if (!reply) return session.console.fail(reply.error().message);
    if (!options.part.empty()) {
        std::string text = json::string_or(*reply, options.part);
        if (!text.ends_with('\n')) text += '\n';
        session.console.print(text);
        return 0;
    }
    session.console.print(model_overview(*reply));
    if (options.verbose) {
        session.console.print(section("Metadata", metadata_rows(*reply)));
        session.console.print(section("Tensors", tensor_rows(*reply)));
    }
    return 0;
}

}  // namespace moat::cli
