#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/transfer_bars.h"

namespace moat::cli {
namespace {

Status transfer(Session session, const std::string& path, const std::string& model, bool insecure) {
    TransferBars bars(session.console);
    InterruptGuard interrupt;
    const auto is_stopped = [&interrupt] { return interrupt.interrupted(); };
    Status done = session.api.post_lines(
        path,
        json::Object{{"model", model}, {"insecure", insecure}},
        [&](const json::Value& line) {
            bars.show(line, std::chrono::steady_clock::now());
            return !is_stopped();
        },
        is_stopped
    );
    if (!done || !interrupt.take()) return done;
    return Error{
        ErrorCode::cancelled,
        std::string(session.console.pick(
            "stopped; what has come is kept, the same command goes on with it",
            "已停止；已下载的部分会保留，再次执行同一命令即可继续"
        ))
    };
}

int report(Session session, const Status& done) {
    return done ? 0 : session.console.fail(done.error().message);
}

Row row_of(const Console& console, const json::Value& line) {
    const std::string state = json::string_or(line, "state");
    std::string_view shown = state;
    if (state == "good") shown = console.pick("good", "完好");
    if (state == "damaged") shown = console.pick("DAMAGED", "已损坏");
    if (state == "missing") shown = console.pick("MISSING", "缺失");
    if (state == "unreadable") shown = console.pick("UNREADABLE", "无法读取");
    const std::string digest = json::string_or(line, "digest");
    return {
        json::string_or(line, "model"),
        json::string_or(line, "kind"),
        digest.empty() ? "-" : digest.substr(digest.find(':') + 1, 12),
        digest.empty() ? "-" : human_size(json::int_or(line, "total", 0)),
        std::string(shown)
    };
}

}  // namespace

int pull_model(Session session, const std::string& name, bool insecure) {
    return report(session, transfer(session, "/api/pull", name, insecure));
}

int push_model(Session session, const std::string& name, bool insecure) {
    return report(session, transfer(session, "/api/push", name, insecure));
}

Status pull_if_missing(Session session, const std::string& name, bool insecure) {
    const auto shown = session.api.post("/api/show", json::Object{{"model", name}});
    if (shown || shown.error().code != ErrorCode::not_found) return Ok{};
    return transfer(session, "/api/pull", name, insecure);
}

int verify_models(Session session, const std::vector<std::string>& names) {
    const json::Array models(names.begin(), names.end());
    std::vector<Row> rows;
    bool done = false;
    bool good = false;
    Status sent = Ok{};
    {
        ProgressLine progress(session.console);
        const auto on_line = [&](const json::Value& line) {
            if (json::bool_or(line, "done", false)) {
                done = true;
                good = json::bool_or(line, "good", false);
            } else if (json::string_or(line, "state") == "checking") {
                const auto bytes = [&line](std::string_view key) {
                    return static_cast<std::uint64_t>(json::int_or(line, key, 0));
                };
                progress.show(json::string_or(line, "model"), bytes("completed"), bytes("total"));
            } else {
                rows.push_back(row_of(session.console, line));
            }
            return true;
        };
        sent = session.api.post_lines(
            "/api/admin/models/verify", json::Object{{"models", models}}, on_line
        );
    }
    if (!rows.empty())
        session.console.print(table({"MODEL", "PART", "DIGEST", "SIZE", "STATE"}, rows));
    if (!sent) return session.console.fail(sent.error().message);
    if (!done) return session.console.fail("the server ended the check early");
    if (good) return 0;
    return session.console.fail(session.console.pick(
        "some files are not what they should be: pull or create their models again",
        "部分文件已损坏或缺失：请重新 pull 或 create 相应的模型"
    ));
}

}  // namespace moat::cli
