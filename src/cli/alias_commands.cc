#include <fmt/core.h>

#include "cli/commands.h"

namespace moat::cli {
namespace {

Time time_of(const json::Value& value) {
    const auto time = parse_rfc3339(json::string_or(value, "since"));
    return time ? *time : Time{};
}

int list_aliases(Session session) {
    const auto reply = session.api.get("/api/alias");
    if (!reply) return session.console.fail(reply.error().message);
    const Time now = std::chrono::system_clock::now();
    std::vector<Row> rows;
    if (const auto* aliases = json::find_array(*reply, "aliases")) {
        for (const auto& alias : *aliases) {
            const auto* history = json::find_array(alias, "history");
            const std::size_t steps = history == nullptr ? 0 : history->size();
            const std::string before =
                steps > 1 ? json::string_or((*history)[steps - 2], "target") : std::string("-");
            rows.push_back(
                {json::string_or(alias, "name"),
                 json::string_or(alias, "target"),
                 human_time(time_of(alias), now),
                 before}
            );
        }
    }
    session.console.print(table({"ALIAS", "MODEL", "SINCE", "BEFORE"}, rows));
    return 0;
}

int change(Session session, const json::Object& body) {
    const auto reply = session.api.post("/api/alias", body);
    if (!reply) return session.console.fail(reply.error().message);
    session.console.print(fmt::format(
        "{} -> {}\n", json::string_or(*reply, "name"), json::string_or(*reply, "target")
    ));
    return 0;
}

}  // namespace

int alias(Session session, const AliasOptions& options) {
    const Console& console = session.console;
    if (options.name.empty()) {
        if (options.roll_back || options.remove)
            return console.fail(console.pick("name an alias", "请给出别名"));
        return list_aliases(session);
    }
    if (options.remove && options.roll_back)
        return console.fail(console.pick(
            "--remove and --rollback exclude each other", "--remove 与 --rollback 不能同时使用"
        ));
    if (options.remove) {
        const Status removed =
            session.api.remove("/api/alias", json::Object{{"name", options.name}});
        if (!removed) return console.fail(removed.error().message);
        console.print(fmt::format("removed alias '{}'\n", options.name));
        return 0;
    }
    if (options.roll_back) return change(session, {{"name", options.name}, {"rollback", true}});
    if (options.target.empty())
        return console.fail(console.pick(
            "name the model too: moat alias NAME MODEL, or --rollback, or --remove",
            "还需给出模型：moat alias 别名 模型，或使用 --rollback、--remove"
        ));
    return change(session, {{"name", options.name}, {"target", options.target}});
}

}  // namespace moat::cli
