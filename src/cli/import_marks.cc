#include "cli/import_marks.h"

#include <cstdlib>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"

namespace moat::cli {
namespace {

constexpr std::size_t kMaxBytes = 256U << 20;

std::filesystem::path file_of(
    const std::filesystem::path& folder, const std::string& from, const std::string& to
) {
    if (folder.empty()) return {};
    const std::string name = sha256(bytes_of(from + "\n" + to)).hex().substr(0, 16);
    return folder / ("import-" + name + ".json");
}

}  // namespace

ImportMarks::ImportMarks(
    const std::filesystem::path& folder, const std::string& from, const std::string& to
)
    : path_(file_of(folder, from, to)) {
    load();
}

void ImportMarks::load() {
    if (path_.empty()) return;
    const auto text = read_file(path_, kMaxBytes);
    if (!text) return;
    const auto parsed = json::read(*text);
    const json::Array* list = parsed ? json::find_array(*parsed, "parts") : nullptr;
    if (list == nullptr) return;
    for (const json::Value& each : *list) {
        const auto count = [&each](std::string_view key) {
            return static_cast<std::uint64_t>(json::int_or(each, key, 0));
        };
        marks_[{json::string_or(each, "class"), json::string_or(each, "tenant")}] = {
            .after = json::string_or(each, "after"),
            .objects = count("objects"),
            .failed = count("failed"),
            .started = json::bool_or(each, "started", false),
            .done = json::bool_or(each, "done", false),
        };
    }
}

ImportMarks::Mark ImportMarks::get(const std::string& class_name, const std::string& tenant) const {
    const auto found = marks_.find({class_name, tenant});
    return found == marks_.end() ? Mark() : found->second;
}

Status ImportMarks::set(const std::string& class_name, const std::string& tenant, Mark mark) {
    marks_[{class_name, tenant}] = std::move(mark);
    const bool due = std::chrono::steady_clock::now() - saved_ > std::chrono::seconds(1);
    return due ? save() : Status(Ok{});
}

Status ImportMarks::save() {
    if (path_.empty()) return Ok{};
    saved_ = std::chrono::steady_clock::now();
    json::Array list;
    for (const auto& [part, each] : marks_)
        list.push_back(json::Object{
            {"class", part.first},
            {"tenant", part.second},
            {"after", each.after},
            {"objects", each.objects},
            {"failed", each.failed},
            {"started", each.started},
            {"done", each.done},
        });
    TRY(make_directories(path_.parent_path()));
    return write_file_atomically(
        path_, bytes_of(json::write(json::Object{{"parts", std::move(list)}}))
    );
}

void ImportMarks::forget() {
    marks_.clear();
    std::error_code ignored;  // what cannot be removed is only begun from
    std::filesystem::remove(path_, ignored);
}

std::filesystem::path usual_state_folder() {
    const auto variable = [](const char* name) -> std::string {
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
        return value == nullptr ? "" : value;
    };
    if (const std::string state = variable("XDG_STATE_HOME"); !state.empty())
        return std::filesystem::path(state) / "moat";
    const std::string home = variable("HOME");
    if (home.empty()) return {};
    return std::filesystem::path(home) / ".local" / "state" / "moat";
}

}  // namespace moat::cli
