#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "collections/collection.h"

namespace moat::collections {

// How far the making or the restoring of a backup is.
struct BackupJob {
    enum class State : std::uint8_t { waiting, running, done, failed, cancelled };
    std::string id;
    State state = State::waiting;
    std::vector<std::string> collections;
    std::uint64_t objects = 0;  // of the collection that is being worked on
    std::string failure = {};   // of a failed one
};

// Backups by id, each a folder below one root, made and restored in the background, one after
// another. What was made is known by its folder, also after a restart; what was asked of an earlier
// process and not done is not.
//
// Threads: any; owns one. The destructor stops the job that runs, as if it had been cancelled.
// Borrows: the database. All methods are for administrators. Errors also: forbidden; not_found.
class BackupJobs {
  public:
    BackupJobs(Database& database, std::filesystem::path root);

    // An id is 1 to 128 lower-case letters, digits, hyphens and underscores. No collections: all.
    // Errors: invalid_argument; conflict (there is such a backup); not_found (a collection).
    Status back_up(const Principal& who, const std::string& id, std::vector<std::string> names);
    Result<BackupJob> backup(const Principal& who, const std::string& id) const;
    // The newest first; those that were not made or are not complete are left out.
    Result<std::vector<BackupJob>> backups(const Principal& who) const;
    // Stops it where it is not done yet. Fine when it is.
    Status cancel(const Principal& who, const std::string& id);

    // The collection named first becomes the one named second. Nothing named: all of them, as they
    // were. Errors: invalid_argument; conflict (a name is taken, or this is being restored).
    using Renames = std::vector<std::pair<std::string, std::string>>;
    Status restore(const Principal& who, const std::string& id, Renames names);
    Result<BackupJob> restoration(const Principal& who, const std::string& id) const;

    // What a backup says that it holds. Errors also: corrupt, unsupported.
    Result<BackupManifest> contents(const Principal& who, const std::string& id) const;
    // Reads all of it, which takes long. Errors: corrupt, naming what is not as it was written;
    // cancelled.
    Status verify(const Principal& who, const std::string& id, const std::stop_token& stop) const;
    // With its files. Errors: conflict while it is being made or restored.
    Status remove(const Principal& who, const std::string& id);

    // Where a file of it is: what contents() names, or "backup.json".
    Result<std::filesystem::path> file(
        const Principal& who, const std::string& id, std::string_view name
    ) const;
    // Fills the buffer, returns how much of it; 0 at the end.
    using ReadSome = std::function<Result<std::size_t>(std::span<std::byte>)>;
    // Takes a file of a backup that was made elsewhere; there is the backup when "backup.json"
    // came, the last of them. Errors: conflict (there is a backup of that id); invalid_argument (no
    // such file can be of a backup); corrupt (the last one names others than came); io.
    Status receive(
        const Principal& who, const std::string& id, std::string_view name, const ReadSome& read
    );

    std::filesystem::path folder_of(const std::string& id) const { return root_ / id; }

  private:
    struct Task {
        BackupJob job;
        std::stop_source stop;
    };
    using Tasks = std::map<std::string, Task, std::less<>>;
    using Work = std::function<Status(const std::stop_token&)>;

    // Under mutex_.
    static bool is_busy(const Tasks& tasks, const std::string& id);
    void start(Tasks& tasks, BackupJob job, Work work);
    void run(const std::stop_token& stop);
    void report(Tasks& tasks, const std::string& id, std::uint64_t objects);

    Database& database_;
    const std::filesystem::path root_;

    mutable std::mutex mutex_;
    std::condition_variable_any work_;
    Tasks backups_;       // guarded by mutex_
    Tasks restorations_;  // guarded by mutex_
    struct Queued {
        Tasks* tasks;
        std::string id;
        Work work;
    };
    std::deque<Queued> queue_;  // guarded by mutex_
    std::jthread thread_;       // last: uses the rest
};

}  // namespace moat::collections
