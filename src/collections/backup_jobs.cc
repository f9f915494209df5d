#include "collections/backup_jobs.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/file.h"

namespace moat::collections {
namespace {

constexpr std::size_t kMaxId = 128;

// It is the name of a folder.
Status validate_id(std::string_view id) {
    const auto known = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (!id.empty() && id.size() <= kMaxId && std::ranges::all_of(id, known)) return Ok{};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format(
            "the id of a backup is 1 to {} lower-case letters, digits, hyphens and underscores",
            kMaxId
        )
    };
}

Error no_backup(std::string_view id) {
    return {ErrorCode::not_found, fmt::format("there is no backup '{}'", id)};
}

BackupJob done_job(const std::string& id, const BackupManifest& manifest) {
    BackupJob job{.id = id, .state = BackupJob::State::done, .collections = {}};
    for (const BackedUpCollection& collection : manifest.collections)
        job.collections.push_back(collection.name);
    return job;
}

}  // namespace

BackupJobs::BackupJobs(Database& database, std::filesystem::path root)
    : database_(database),
      root_(std::move(root)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Status BackupJobs::back_up(
    const Principal& who, const std::string& id, std::vector<std::string> names
) {
    TRY(access::require(who, Role::admin));
    TRY(validate_id(id));
    for (const std::string& name : names) {
        const auto found = database_.open(who, name);
        if (!found) return found.error();
    }
    if (names.empty()) {
        for (const Schema& schema : database_.schemas(who))
            names.push_back(schema.name);
    }
    TRY(make_directories(root_));
    const std::scoped_lock lock(mutex_);
    std::error_code ignored;
    if (is_busy(backups_, id) || std::filesystem::exists(folder_of(id), ignored)) {
        return Error{
            ErrorCode::conflict, fmt::format("a backup '{}' exists already; choose another id", id)
        };
    }
    start(
        backups_,
        {.id = id, .collections = names},
        [this, who, id, names](const std::stop_token& stop) -> Status {
            const auto progress = [&](const std::string&, std::uint64_t objects) {
                report(backups_, id, objects);
            };
            TRY(database_.back_up(
                who, {.collections = names, .folder = folder_of(id), .progress = progress}, stop
            ));
            return Ok{};
        }
    );
    return Ok{};
}

Result<BackupJob> BackupJobs::backup(const Principal& who, const std::string& id) const {
    TRY(access::require(who, Role::admin));
    TRY(validate_id(id));
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = backups_.find(id); found != backups_.end()) {
            return found->second.job;
        }
    }
    const auto manifest = read_backup_manifest(folder_of(id));
    if (manifest) return done_job(id, *manifest);
    return manifest.error().code == ErrorCode::not_found ? no_backup(id) : manifest.error();
}

Result<std::vector<BackupJob>> BackupJobs::backups(const Principal& who) const {
    TRY(access::require(who, Role::admin));
    std::vector<std::pair<std::int64_t, BackupJob>> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(root_, error)) {
        const auto manifest = read_backup_manifest(entry.path());
        if (!manifest) continue;
        found.emplace_back(
            manifest->created_ms, done_job(entry.path().filename().string(), *manifest)
        );
    }
    std::ranges::sort(found, [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<BackupJob> jobs;
    for (auto& [created, job] : found)
        jobs.push_back(std::move(job));
    return jobs;
}

Status BackupJobs::cancel(const Principal& who, const std::string& id) {
    TRY(access::require(who, Role::admin));
    const std::scoped_lock lock(mutex_);
    if (const auto found = backups_.find(id); found != backups_.end()) {
        found->second.stop.request_stop();
    }
    return Ok{};
}

Status BackupJobs::restore(const Principal& who, const std::string& id, Renames names) {
    TRY(access::require(who, Role::admin));
    TRY(validate_id(id));
    const auto manifest = read_backup_manifest(folder_of(id));
    if (!manifest) {
        return manifest.error().code == ErrorCode::not_found ? no_backup(id) : manifest.error();
    }
    if (names.empty()) {
        for (const BackedUpCollection& collection : manifest->collections)
            names.emplace_back(collection.name, collection.name);
    }
    std::vector<std::string> collections;
    for (const auto& [name, as] : names) {
        if (manifest->find(name) == nullptr) {
            return Error{
                ErrorCode::not_found,
                fmt::format("the backup '{}' has no collection '{}'", id, name)
            };
        }
        if (database_.open(who, as)) {
            return Error{ErrorCode::conflict, fmt::format("a collection '{}' exists already", as)};
        }
        collections.push_back(as);
    }
    const std::scoped_lock lock(mutex_);
    if (is_busy(restorations_, id)) {
        return Error{
            ErrorCode::conflict, fmt::format("the backup '{}' is being restored already", id)
        };
    }
    start(
        restorations_,
        {.id = id, .collections = std::move(collections)},
        [this, who, id, names = std::move(names)](const std::stop_token& stop) -> Status {
            const auto progress = [&](const std::string&, std::uint64_t objects) {
                report(restorations_, id, objects);
            };
            for (const auto& [name, as] : names) {
                TRY(database_.restore(
                    who,
                    {.folder = folder_of(id), .collection = name, .as = as, .progress = progress},
                    stop
                ));
            }
            return Ok{};
        }
    );
    return Ok{};
}

Result<BackupJob> BackupJobs::restoration(const Principal& who, const std::string& id) const {
    TRY(access::require(who, Role::admin));
    const std::scoped_lock lock(mutex_);
    const auto found = restorations_.find(id);
    if (found != restorations_.end()) return found->second.job;
    return Error{
        ErrorCode::not_found, fmt::format("the backup '{}' was not restored since the start", id)
    };
}

bool BackupJobs::is_busy(const Tasks& tasks, const std::string& id) {
    const auto found = tasks.find(id);
    return found != tasks.end() && (found->second.job.state == BackupJob::State::waiting ||
                                    found->second.job.state == BackupJob::State::running);
}

void BackupJobs::start(Tasks& tasks, BackupJob job, Work work) {
    const std::string id = job.id;
    tasks[id] = Task{std::move(job), {}};
    queue_.push_back({&tasks, id, std::move(work)});
    work_.notify_one();
}

void BackupJobs::report(Tasks& tasks, const std::string& id, std::uint64_t objects) {
    const std::scoped_lock lock(mutex_);
    tasks.at(id).job.objects = objects;
}

void BackupJobs::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (work_.wait(lock, stop, [this] { return !queue_.empty(); })) {
        const Queued next = std::move(queue_.front());
        queue_.pop_front();
        // It is replaced only when it is done, so the reference holds.
        Task& task = next.tasks->at(next.id);
        task.job.state = BackupJob::State::running;
        const std::stop_token task_stop = task.stop.get_token();
        lock.unlock();
        Status done = Ok{};
        {
            const std::stop_callback end_too(stop, [&task] { task.stop.request_stop(); });
            done = next.work(task_stop);
        }
        lock.lock();
        task.job.state = BackupJob::State::done;
        if (done) continue;
        const bool stopped = done.error().code == ErrorCode::cancelled;
        task.job.state = stopped ? BackupJob::State::cancelled : BackupJob::State::failed;
        task.job.failure = done.error().message;
    }
}

}  // namespace moat::collections
