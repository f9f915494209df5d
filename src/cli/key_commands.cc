#include <fmt/core.h>

#include "cli/commands.h"

namespace moat::cli {

int create_key(Session session, const std::string& name, const std::string& role) {
    const auto reply =
        session.api.post("/api/admin/keys", json::Object{{"name", name}, {"role", role}});
    if (!reply) return session.console.fail(reply.error().message);
    // The key alone on standard output, so that a script can take it.
    session.console.print(json::string_or(*reply, "key") + "\n");
    session.console.note(session.console.pick(
        "Keep it: it is shown only now. Clients send it as 'Authorization: Bearer KEY'; for this "
        "program set MOAT_API_KEY.",
        "请妥善保存：密钥只显示这一次。客户端用 'Authorization: Bearer KEY' "
        "发送；本程序请设置环境变量 MOAT_API_KEY。"
    ));
    return 0;
}

int list_keys(Session session) {
    const auto reply = session.api.get("/api/admin/keys");
    if (!reply) return session.console.fail(reply.error().message);
    const Time now = std::chrono::system_clock::now();
    const auto when = [now](const json::Value& key, std::string_view field) {
        const auto time = parse_rfc3339(json::string_or(key, field));
        return human_time(time ? *time : Time{}, now);
    };
    std::vector<Row> rows;
    if (const auto* keys = json::find_array(*reply, "keys")) {
        for (const auto& key : *keys) {
            rows.push_back(
                {json::string_or(key, "id"),
                 json::string_or(key, "name"),
                 json::string_or(key, "role"),
                 when(key, "created_at"),
                 when(key, "last_used_at")}
            );
        }
    }
    session.console.print(table({"ID", "NAME", "ROLE", "CREATED", "LAST USED"}, rows));
    return 0;
}

int revoke_key(Session session, const std::string& id) {
    const Status removed = session.api.remove("/api/admin/keys/" + url_encode(id));
    if (!removed) return session.console.fail(removed.error().message);
    session.console.print(fmt::format("{} '{}'\n", session.console.pick("revoked", "已吊销"), id));
    return 0;
}

}  // namespace moat::cli
