#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "base/file.h"
#include "cli/commands.h"

namespace moat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifest = "backup.json";
constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;

std::string path_of(const std::string& id) {
    return "/api/admin/backups/" + url_encode(id);
}

std::string file_path(const std::string& id, const std::string& file) {
    return path_of(id) + "/files/" + url_encode(file);
}

std::vector<std::string> files_in(const json::Value& contents) {
    std::vector<std::string> out;
    if (const json::Array* list = json::find_array(contents, "collections"))
        for (const json::Value& each : *list)
            out.push_back(json::string_or(each, "file"));
    return out;
}

// Asks until the job at `path` is no longer under way.
Result<json::Value> wait_for(Session session, const std::string& path, std::string_view label) {
    ProgressLine progress(session.console);
    for (;;) {
        TRY_ASSIGN(json::Value job, session.api.get(path));
        const std::string state = json::string_or(job, "state");
        if (state == "done") return job;
        if (state == "failed")
            return Error{ErrorCode::internal, json::string_or(job, "error", "it failed")};
        if (state == "cancelled")
            return Error{
                ErrorCode::cancelled,
                std::string(session.console.pick("it was stopped", "已被停止"))
            };
        const auto objects = static_cast<std::uint64_t>(json::int_or(job, "objects", 0));
        progress.show(fmt::format("{}  {}", label, objects), 0, 0);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

// Its files into a folder, the one that makes it a backup last.
Status copy_out(Session session, const std::string& id, const fs::path& folder) {
    TRY_ASSIGN(const json::Value contents, session.api.get(path_of(id)));
    TRY(make_directories(folder));
    std::vector<std::string> files = files_in(contents);
    files.emplace_back(kManifest);
    ProgressLine progress(session.console);
    for (std::size_t i = 0; i < files.size(); ++i) {
        progress.show(files[i], i, files.size());
        const fs::path to = folder / fs::path(files[i]).filename();
        if (fs::exists(to))
            return Error{
                ErrorCode::conflict,
                fmt::format(
                    "{} {}",
                    to.string(),
                    session.console.pick(
                        "exists already: choose another folder", "已存在：请换一个文件夹"
                    )
                )
            };
        TRY(session.api.download(file_path(id, files[i]), to));
    }
    return Ok{};
}

// A folder that copy_out() made, to the server.
Status copy_in(Session session, const fs::path& folder, const std::string& id) {
    TRY_ASSIGN(const std::string text, read_file(folder / kManifest, kMaxManifestBytes));
    TRY_ASSIGN(const json::Value manifest, json::read(text));
    std::vector<std::string> files = files_in(manifest);
    files.emplace_back(kManifest);
    ProgressLine progress(session.console);
    for (const std::string& file : files) {
        const auto on_upload = [&](std::uint64_t sent, std::uint64_t total) {
            progress.show(file, sent, total);
        };
        TRY(session.api.upload(file_path(id, file), folder / fs::path(file).filename(), on_upload));
    }
    return Ok{};
}

std::string id_of_now(std::string_view before) {
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    return fmt::format("{}-{:%Y%m%d-%H%M%S}", before, fmt::localtime(now));
}

// None: all of them, as they were.
json::Object renames_body(const std::vector<std::string>& words) {
    if (words.empty()) return {};
    json::Array out;
    for (const std::string& word : words) {
        const std::size_t mark = word.find('=');
        json::Object each{{"name", word.substr(0, mark)}};
        if (mark != std::string::npos) each["as"] = word.substr(mark + 1);
        out.push_back(std::move(each));
    }
    return {{"collections", std::move(out)}};
}

std::string names_in(const json::Value& job) {
    std::string out;
    if (const json::Array* list = json::find_array(job, "collections"))
        for (const json::Value& each : *list)
            out += (out.empty() ? "" : ", ") + (each.is_string()
                                                    ? std::string(json::view(each.get_string()))
                                                    : json::string_or(each, "name"));
    return out;
}

}  // namespace

int create_backup(Session session, const BackupOptions& options) {
    const Console& console = session.console;
    const std::string id = options.id.empty() ? id_of_now("backup") : options.id;
    const json::Array names(options.collections.begin(), options.collections.end());
    const auto begun =
        session.api.post("/api/admin/backups", json::Object{{"id", id}, {"collections", names}});
    if (!begun) return console.fail(begun.error().message);
    const auto done = wait_for(session, path_of(id), id);
    if (!done) return console.fail(done.error().message);
    if (!options.folder.empty()) {
        const Status copied = copy_out(session, id, options.folder);
        if (!copied) return console.fail(copied.error().message);
    }
    console.print(fmt::format("{}: {}\n", id, names_in(*done)));
    return 0;
}

int list_backups(Session session) {
    const auto reply = session.api.get("/api/admin/backups");
    if (!reply) return session.console.fail(reply.error().message);
    const Time now = std::chrono::system_clock::now();
    std::vector<Row> rows;
    if (const json::Array* backups = json::find_array(*reply, "backups")) {
        for (const json::Value& backup : *backups) {
            std::int64_t objects = 0;
            std::int64_t bytes = 0;
            if (const json::Array* list = json::find_array(backup, "collections"))
                for (const json::Value& each : *list) {
                    objects += json::int_or(each, "objects", 0);
                    bytes += json::int_or(each, "bytes", 0);
                }
            const auto made = parse_rfc3339(json::string_or(backup, "created_at"));
            rows.push_back(
                {json::string_or(backup, "id"),
                 human_time(made ? *made : Time{}, now),
                 std::to_string(objects),
                 human_size(bytes),
                 names_in(backup)}
            );
        }
    }
    session.console.print(table({"ID", "CREATED", "OBJECTS", "SIZE", "COLLECTIONS"}, rows));
    return 0;
}

int verify_backup(Session session, const std::string& id) {
    const auto reply = session.api.post(path_of(id) + "/verify", json::Object{});
    if (!reply) return session.console.fail(reply.error().message);
    session.console.print(fmt::format("{}: {}\n", id, session.console.pick("good", "完好")));
    return 0;
}

int restore_backup(Session session, const BackupOptions& options) {
    const Console& console = session.console;
    std::string id = options.id;
    if (id.contains('/')) {  // else a folder here that is called as a backup would be taken for it
        id = id_of_now("from");
        const Status copied = copy_in(session, options.id, id);
        if (!copied) return console.fail(copied.error().message);
    }
    const auto begun =
        session.api.post(path_of(id) + "/restore", renames_body(options.collections));
    if (!begun) return console.fail(begun.error().message);
    const auto done = wait_for(session, path_of(id) + "/restore", id);
    if (!done) return console.fail(done.error().message);
    console.print(fmt::format("{}: {}\n", console.pick("restored", "已恢复"), names_in(*done)));
    return 0;
}

int remove_backup(Session session, const std::string& id) {
    const Status removed = session.api.remove(path_of(id));
    if (!removed) return session.console.fail(removed.error().message);
    session.console.print(fmt::format("{} '{}'\n", session.console.pick("deleted", "已删除"), id));
    return 0;
}

}  // namespace moat::cli
