#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// One connection to an SQLite file, its prepared statements, and their rows.
namespace moat::sqlite {

// What a ? of a statement stands for. Text is copied by SQLite before the call returns.
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, BytesView>;

// A running statement: step through its rows with next().
//
// Threads: one at a time. Borrows: its connection.
class Query {
  public:
    ~Query();
    Query(Query&& other) noexcept;
    Query& operator=(Query&&) = delete;

    // True: a row stands and its columns can be read; false: no more.
    Result<bool> next();

    // Columns of the row that stands, from 0. A null reads as 0 or "".
    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    double number(int column) const;
    std::string text(int column) const;  // or the bytes of a blob

  private:
    friend class Connection;
    Query(sqlite3* database, sqlite3_stmt* statement, bool* in_use)
        : database_(database), statement_(statement), in_use_(in_use) {}

    sqlite3* database_;
    sqlite3_stmt* statement_;  // null after a move
    bool* in_use_;             // of the cache entry; null: the statement is ours alone
};

// Threads: one at a time. Errors: see Database.
class Connection {
  public:
    enum class Mode { read, write };

    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path, Mode mode);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // `sql` is one statement; it is prepared once and kept, so write it as a constant and give what
    // varies as values, one for each ?.
    Result<Query> query(std::string_view sql, std::initializer_list<Value> values = {});
    // Runs it to its end; the count of rows it changed.
    Result<std::int64_t> run(std::string_view sql, std::initializer_list<Value> values = {});
    // Any number of statements, not kept.
    Status run_script(std::string_view sql);

    Status begin(Mode mode);
    Status commit();
    void roll_back();

  private:
    struct Cached {
        sqlite3_stmt* statement = nullptr;
        bool in_use = false;
    };

    explicit Connection(sqlite3* database) : database_(database) {}
    Result<sqlite3_stmt*> prepare(std::string_view sql, bool keep);
    Error last_error(std::string_view doing) const;

    sqlite3* database_;
    std::map<std::string, Cached, std::less<>> statements_;
};

}  // namespace moat::sqlite
