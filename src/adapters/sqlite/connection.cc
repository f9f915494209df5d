#include "adapters/sqlite/connection.h"

#include <utility>

#include <sqlite3.h>

#include "base/log.h"

namespace moat::sqlite {
namespace {

// How long a statement waits for another process (a backup, an administrator's shell).
constexpr int kBusyTimeoutMs = 5000;

ErrorCode code_of(int status) {
    switch (status & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorCode::busy;
        case SQLITE_IOERR:
        case SQLITE_FULL:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return ErrorCode::io;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::corrupt;
        case SQLITE_CONSTRAINT:
            return ErrorCode::conflict;
        case SQLITE_TOOBIG:
            return ErrorCode::too_large;
        default:
            return ErrorCode::internal;
    }
}

// SQLite's own messages name tables and columns, never values.
Error error_of(sqlite3* database, std::string_view doing) {
    const int status = sqlite3_extended_errcode(database);
    return Error{
        code_of(status), fmt::format("catalog: cannot {}: {}", doing, sqlite3_errmsg(database))
    };
}

int bind(sqlite3_stmt* statement, int index, const Value& value) {
    struct Binder {
        sqlite3_stmt* statement;
        int index;
        int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
        int operator()(std::int64_t number) const {
            return sqlite3_bind_int64(statement, index, number);
        }
        int operator()(double number) const {
            return sqlite3_bind_double(statement, index, number);
        }
        int operator()(std::string_view text) const {
            // A null pointer would bind NULL instead of "".
            const char* data = text.data() == nullptr ? "" : text.data();
            return sqlite3_bind_text64(
                statement, index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8
            );
        }
        int operator()(BytesView bytes) const {
            const void* data =
                bytes.data() == nullptr ? static_cast<const void*>("") : bytes.data();
            return sqlite3_bind_blob64(statement, index, data, bytes.size(), SQLITE_TRANSIENT);
        }
    };
    return std::visit(Binder{statement, index}, value);
}

}  // namespace

Query::Query(Query&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      in_use_(other.in_use_) {}

Query::~Query() {
    if (statement_ == nullptr) return;
    if (in_use_ == nullptr) {
        sqlite3_finalize(statement_);
        return;
    }
    // The status repeats the last step's error, which next() has reported.
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    *in_use_ = false;
}

Result<bool> Query::next() {
    const int status = sqlite3_step(statement_);
    if (status == SQLITE_ROW) return true;
    if (status == SQLITE_DONE) return false;
    return error_of(database_, "run a statement");
}

bool Query::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

double Query::number(int column) const {
    return sqlite3_column_double(statement_, column);
}

std::string Query::text(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& path, Mode mode) {
    sqlite3* database = nullptr;
    // NOMUTEX: a connection is used by one thread at a time, which Database sees to.
    const int flags =
        (mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
        SQLITE_OPEN_NOMUTEX;
    const int status = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
    if (database == nullptr) return Error{ErrorCode::internal, "catalog: out of memory"};
    std::unique_ptr<Connection> connection(new Connection(database));
    if (status != SQLITE_OK) return error_of(database, "open " + path.filename().string());
    sqlite3_busy_timeout(database, kBusyTimeoutMs);
    sqlite3_extended_result_codes(database, 1);
    if (mode == Mode::write) TRY(connection->run_script("PRAGMA journal_mode=WAL;"));
    TRY(connection->run_script("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"));
    return connection;
}

Connection::~Connection() {
    for (const auto& [sql, cached] : statements_)
        sqlite3_finalize(cached.statement);
    sqlite3_close_v2(database_);
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, bool keep) {
    sqlite3_stmt* statement = nullptr;
    const unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
    const int status = sqlite3_prepare_v3(
        database_, sql.data(), static_cast<int>(sql.size()), flags, &statement, nullptr
    );
    if (status != SQLITE_OK) return error_of(database_, "prepare a statement");
    return statement;
}

Result<Query> Connection::query(std::string_view sql, std::initializer_list<Value> values) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
        TRY_ASSIGN(sqlite3_stmt* const prepared, prepare(sql, true));
        found = statements_.emplace(std::string(sql), Cached{prepared, false}).first;
    }
    Cached& cached = found->second;
    sqlite3_stmt* statement = cached.statement;
    bool* in_use = &cached.in_use;
    if (cached.in_use) {  // the same text again while its rows are being read
        TRY_ASSIGN(statement, prepare(sql, false));
        in_use = nullptr;
    } else {
        cached.in_use = true;
    }
    Query query(database_, statement, in_use);
    CHECK(
        sqlite3_bind_parameter_count(statement) == static_cast<int>(values.size()),
        "values for: ",
        sql
    );
    int index = 0;
    for (const Value& value : values) {
        if (bind(statement, ++index, value) != SQLITE_OK)
            return error_of(database_, "bind a value");
    }
    return query;
}

Result<std::int64_t> Connection::run(std::string_view sql, std::initializer_list<Value> values) {
    TRY_ASSIGN(Query query, this->query(sql, values));
    while (true) {
        TRY_ASSIGN(const bool row, query.next());
        if (!row) break;
    }
    return std::int64_t{sqlite3_changes64(database_)};
}

Status Connection::run_script(std::string_view sql) {
    const std::string text(sql);
    if (sqlite3_exec(database_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return error_of(database_, "run a script");
    return Ok{};
}

Status Connection::begin(Mode mode) {
    TRY(run(mode == Mode::write ? "BEGIN IMMEDIATE" : "BEGIN"));
    return Ok{};
}

Status Connection::commit() {
    TRY(run("COMMIT"));
    return Ok{};
}

void Connection::roll_back() {
    // SQLite has already rolled back by itself after some errors (disk full, for one).
    if (sqlite3_get_autocommit(database_) != 0) return;
    if (const auto undone = run("ROLLBACK"); !undone) log::error("{}", undone.error().message);
}

}  // namespace moat::sqlite
