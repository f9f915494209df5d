#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "base/result.h"

// One SQLite file. Write-ahead log, synced at every commit (synchronous=FULL), foreign keys on.
namespace moat::sqlite {

// One step of the file's schema. Steps are applied in order, each in its own transaction, and
// counted in PRAGMA user_version; a released step never changes, a new one is appended.
struct Migration {
    std::string_view name;  // for error messages
    std::string_view sql;   // any number of statements
};

// Threads: any. Readers run side by side, each on its own connection, and never wait for the one
//          writer.
// Owns:    its connections. Nothing handed to a callback may outlive it.
// Errors:  busy (another process holds the file longer than the timeout), io, corrupt, conflict
//          (a uniqueness or foreign-key rule), internal; unsupported at open when a newer version
//          wrote the file.
class Database {
  public:
    // Makes the file (and its folder) when absent, and brings its schema up to date.
    static Result<std::unique_ptr<Database>> open(
        std::filesystem::path path, std::span<const Migration> migrations
    );

    // Runs `work(Connection&)`, which returns a Result or Status, in one transaction: committed and
    // on disk when it returns a value, undone when it returns an error.
    template <class Work>
    auto write(Work&& work) -> decltype(work(std::declval<Connection&>())) {
        const std::lock_guard lock(write_mutex_);
        TRY(writer_->begin(Connection::Mode::write));
        return finish(*writer_, std::forward<Work>(work)(*writer_));
    }

    // The same for work that only reads; it sees one state of the file throughout.
    template <class Work>
    auto read(Work&& work) -> decltype(work(std::declval<Connection&>())) {
        TRY_ASSIGN(std::unique_ptr<Connection> reader, take_reader());
        TRY(reader->begin(Connection::Mode::read));
        auto result = finish(*reader, std::forward<Work>(work)(*reader));
        give_back(std::move(reader));
        return result;
    }

  private:
    Database(std::filesystem::path path, std::unique_ptr<Connection> writer)
        : path_(std::move(path)), writer_(std::move(writer)) {}

    template <class Value>
    static Result<Value> finish(Connection& connection, Result<Value> result) {
        if (!result) {
            connection.roll_back();
            return result;
        }
        // A failed commit leaves the transaction open; it must not leak into the next use.
        if (const Status committed = connection.commit(); !committed) {
            connection.roll_back();
            return committed.error();
        }
        return result;
    }

    Result<std::unique_ptr<Connection>> take_reader();
    void give_back(std::unique_ptr<Connection> reader);

    const std::filesystem::path path_;
    std::mutex write_mutex_;
    const std::unique_ptr<Connection> writer_;  // guarded by write_mutex_
    std::mutex readers_mutex_;
    std::vector<std::unique_ptr<Connection>> readers_;  // idle ones; guarded by readers_mutex_
};

}  // namespace moat::sqlite
