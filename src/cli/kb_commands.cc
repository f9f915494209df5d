#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include <fmt/ranges.h>

#include "cli/commands.h"

namespace moat::cli {
namespace {

namespace fs = std::filesystem;

struct LocalFile {
    fs::path path;
    std::string name;  // in the knowledge base: below the folder that was given
};

std::string kb_path(const std::string& kb) {
    return "/api/kb/" + url_encode(kb);
}

// Files below the paths given, in name order; hidden ones are left out. What cannot be read is
// counted in `unreadable`, told, and does not stop the rest.
class FileFinder {
  public:
    explicit FileFinder(const Console& console) : console_(console) {}

    void add(const fs::path& path) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (fs::is_directory(status)) {
            add_folder(path);
        } else if (fs::is_regular_file(status)) {
            files.push_back({path, path.filename().string()});
        } else {
            report(path, error ? error.message() : "neither a file nor a folder");
        }
    }

    std::vector<LocalFile> files;
    int unreadable = 0;

  private:
    void add_folder(const fs::path& root) {
        std::vector<LocalFile> found;
        std::error_code error;
        fs::recursive_directory_iterator it(root, error);
        if (error) return report(root, error.message());
        for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
            if (it->path().filename().string().starts_with('.')) {
                it.disable_recursion_pending();
                continue;
            }
            std::error_code ignored;  // a broken link is no regular file
            if (it->is_directory(ignored)) {
                check_readable(it);
            } else if (it->is_regular_file(ignored)) {
                found.push_back(
                    {it->path(), fs::relative(it->path(), root, ignored).generic_string()}
                );
            }
        }
        if (error) report(root, error.message());
        std::ranges::sort(found, {}, &LocalFile::name);
        files.insert(files.end(), found.begin(), found.end());
    }

    // One folder that may not be entered must not end the walk through the others.
    void check_readable(fs::recursive_directory_iterator& it) {
        std::error_code error;
        const fs::directory_iterator probe(it->path(), error);
        if (!error) return;
        report(it->path(), error.message());
        it.disable_recursion_pending();
    }

    void report(const fs::path& path, const std::string& reason) {
        ++unreadable;
        console_.note(fmt::format("{}: {}", path.string(), reason));
    }

    const Console& console_;
};

std::vector<std::string> warnings_of(const json::Value& document) {
    std::vector<std::string> texts;
    if (const auto* warnings = json::find_array(document, "warnings"))
        for (const json::Value& item : *warnings)
            if (item.is_string()) texts.emplace_back(json::view(item.get_string()));
    return texts;
}

std::string describe(const Console& console, const json::Value& document) {
    const std::string stage = json::string_or(document, "stage");
    if (stage == "failed") {
        return fmt::format(
            "{}: {}", console.pick("failed", "失败"), json::string_or(document, "error")
        );
    }
    const auto chunks = json::int_or(document, "chunks", 0);
    std::string text = console.language == Language::chinese
                           ? fmt::format("完成，{} 个片段", chunks)
                           : fmt::format("ready, {} passage{}", chunks, chunks == 1 ? "" : "s");
    for (const std::string& warning : warnings_of(document))
        text += fmt::format("{}{}", console.pick("; note: ", "；注意："), warning);
    return text;
}

// Uploads files and follows their work until each is ready or failed.
class Adder {
  public:
    Adder(Session session, std::string kb)
        : session_(session), kb_(std::move(kb)), progress_(session.console) {}

    void upload(const std::vector<LocalFile>& files) {
        total_ = files.size();
        for (const LocalFile& file : files) {
            progress_.show(file.name, finished_, total_);
            const std::string path = kb_path(kb_) + "/documents?name=" + url_encode(file.name);
            const auto reply = session_.api.upload(path, file.path, {});
            if (!reply) {
                finish(
                    file.name,
                    Outcome::failed,
                    fmt::format(
                        "{}: {}", session_.console.pick("failed", "失败"), reply.error().message
                    )
                );
            } else {
                waiting_[json::string_or(*reply, "id")] = file.name;
                poll_if_due();
            }
        }
    }

    Status wait() {
        while (!waiting_.empty()) {
            TRY(poll());
            if (!waiting_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        progress_.clear();
        return Ok{};
    }

    std::size_t failed() const { return failed_; }

  private:
    enum class Outcome { good, warned, failed };

    void poll_if_due() {
        const auto now = std::chrono::steady_clock::now();
        if (now - polled_ < std::chrono::milliseconds(250)) return;
        (void)poll();  // wait() polls again and reports
    }

    Status poll() {
        polled_ = std::chrono::steady_clock::now();
        TRY_ASSIGN(const json::Value reply, session_.api.get(kb_path(kb_) + "/documents"));
        const auto* documents = json::find_array(reply, "documents");
        if (documents == nullptr)
            return Error{ErrorCode::corrupt, "the server sent no list of documents"};
        std::string working;
        for (const auto& document : *documents) {
            const auto it = waiting_.find(json::string_or(document, "id"));
            if (it == waiting_.end()) continue;
            const std::string stage = json::string_or(document, "stage");
            if (stage != "ready" && stage != "failed") {
                if (stage != "queued") working = it->second + "  " + stage;
                continue;
            }
            const std::string name = it->second;
            waiting_.erase(it);
            const bool warned = !warnings_of(document).empty();
            const Outcome outcome = stage == "failed" ? Outcome::failed
                                    : warned          ? Outcome::warned
                                                      : Outcome::good;
            finish(name, outcome, describe(session_.console, document));
        }
        if (!working.empty()) progress_.show(working, finished_, total_);
        return Ok{};
    }

    void finish(const std::string& name, Outcome outcome, const std::string& text) {
        ++finished_;
        if (outcome == Outcome::failed) ++failed_;
        // On a terminal the bar tells the good news; every file has its line elsewhere.
        if (session_.console.error_is_terminal && outcome == Outcome::good) return;
        progress_.clear();
        session_.console.print(fmt::format("{}: {}\n", name, text));
    }

    Session session_;
    std::string kb_;
    ProgressLine progress_;
    std::map<std::string, std::string> waiting_;  // document id -> name
    std::chrono::steady_clock::time_point polled_{};
    std::size_t total_ = 0;
    std::size_t finished_ = 0;
    std::size_t failed_ = 0;
};

Status create_if_absent(Session session, const std::string& kb) {
    const auto there = session.api.get(kb_path(kb));
    if (there) return Ok{};
    if (there.error().code != ErrorCode::not_found) return there.error();
    TRY(session.api.post("/api/kb", json::Object{{"name", kb}}));
    return Ok{};
}

std::string stage_text(const json::Value& document) {
    const std::string stage = json::string_or(document, "stage");
    if (stage == "failed") return "failed: " + json::string_or(document, "error");
    const std::vector<std::string> warnings = warnings_of(document);
    return warnings.empty() ? stage : fmt::format("{} ({})", stage, fmt::join(warnings, "; "));
}

}  // namespace

int create_kb(Session session, const std::string& name) {
    const auto reply = session.api.post("/api/kb", json::Object{{"name", name}});
    if (!reply) return session.console.fail(reply.error().message);
    session.console.print(fmt::format("{} '{}'\n", session.console.pick("created", "已创建"), name)
    );
    return 0;
}

int list_kbs(Session session) {
    const auto reply = session.api.get("/api/kb");
    if (!reply) return session.console.fail(reply.error().message);
    const Time now = std::chrono::system_clock::now();
    std::vector<Row> rows;
    if (const auto* kbs = json::find_array(*reply, "knowledge_bases")) {
        for (const auto& kb : *kbs) {
            const auto created = parse_rfc3339(json::string_or(kb, "created_at"));
            rows.push_back(
                {json::string_or(kb, "name"),
                 std::to_string(json::int_or(kb, "documents", 0)),
                 std::to_string(json::int_or(kb, "chunks", 0)),
                 json::string_or(kb, "embedding_model", "-"),
                 human_time(created ? *created : Time{}, now)}
            );
        }
    }
    session.console.print(
        table({"NAME", "DOCUMENTS", "PASSAGES", "EMBEDDING MODEL", "CREATED"}, rows)
    );
    return 0;
}

int show_kb(Session session, const std::string& name) {
    const auto reply = session.api.get(kb_path(name) + "/documents");
    if (!reply) return session.console.fail(reply.error().message);
    std::vector<Row> rows;
    if (const auto* documents = json::find_array(*reply, "documents")) {
        for (const auto& document : *documents) {
            rows.push_back(
                {json::string_or(document, "name"),
                 human_size(json::int_or(document, "bytes", 0)),
                 std::to_string(json::int_or(document, "pages", 0)),
                 std::to_string(json::int_or(document, "chunks", 0)),
                 stage_text(document)}
            );
        }
    }
    session.console.print(table({"DOCUMENT", "SIZE", "PAGES", "PASSAGES", "STATE"}, rows));
    return 0;
}

int remove_kb(Session session, const std::string& name) {
    const Status removed = session.api.remove(kb_path(name));
    if (!removed) return session.console.fail(removed.error().message);
    session.console.print(fmt::format("{} '{}'\n", session.console.pick("deleted", "已删除"), name)
    );
    return 0;
}

int add_to_kb(Session session, const std::string& name, const std::vector<std::string>& paths) {
    FileFinder finder(session.console);
    for (const auto& path : paths)
        finder.add(path);
    if (finder.files.empty()) {
        return session.console.fail(session.console.pick(
            "no readable file in the paths given", "给出的路径中没有可读的文件"
        ));
    }
    const Status ready = create_if_absent(session, name);
    if (!ready) return session.console.fail(ready.error().message);

    const auto begin = std::chrono::steady_clock::now();
    Adder adder(session, name);
    adder.upload(finder.files);
    const Status done = adder.wait();
    if (!done) return session.console.fail(done.error().message);

    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const std::size_t good = finder.files.size() - adder.failed();
    session.console.print(
        session.console.language == Language::chinese
            ? fmt::format(
                  "'{}'：{} 个文档已就绪，{} 个失败，用时 {:.1f} 秒\n",
                  name,
                  good,
                  adder.failed(),
                  seconds.count()
              )
            : fmt::format(
                  "'{}': {} documents ready, {} failed, in {:.1f} s\n",
                  name,
                  good,
                  adder.failed(),
                  seconds.count()
              )
    );
    return adder.failed() == 0 && finder.unreadable == 0 ? 0 : 1;
}

}  // namespace moat::cli
