#include "adapters/sqlite/database.h"

#include <fmt/format.h>

#include "base/file.h"

namespace moat::sqlite {
namespace {

// More idle readers than this are closed.
constexpr std::size_t kIdleReaders = 4;

Result<std::size_t> schema_version(Connection& connection) {
    TRY_ASSIGN(Query query, connection.query("PRAGMA user_version"));
    TRY(query.next());
    return static_cast<std::size_t>(query.integer(0));
}

Status apply(Connection& connection, const Migration& migration, std::size_t version) {
    TRY(connection.begin(Connection::Mode::write));
    Status done = connection.run_script(migration.sql);
    // A pragma takes no bound value.
    if (done) done = connection.run_script(fmt::format("PRAGMA user_version={}", version));
    if (done) done = connection.commit();
    if (done) return Ok{};
    connection.roll_back();
    return Error{
        done.error().code,
        fmt::format("cannot migrate the catalog ({}): {}", migration.name, done.error().message)
    };
}

Status migrate(Connection& connection, std::span<const Migration> migrations) {
    TRY_ASSIGN(const std::size_t version, schema_version(connection));
    if (version > migrations.size())
        return Error{
            ErrorCode::unsupported,
            fmt::format(
                "the catalog was written by a newer version (schema {}, this one knows {})",
                version,
                migrations.size()
            )
        };
    for (std::size_t i = version; i < migrations.size(); ++i)
        TRY(apply(connection, migrations[i], i + 1));
    return Ok{};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(
    std::filesystem::path path, std::span<const Migration> migrations
) {
    if (path.has_parent_path()) TRY(make_directories(path.parent_path()));
    TRY_ASSIGN(auto writer, Connection::open(path, Connection::Mode::write));
    TRY(migrate(*writer, migrations));
    return std::unique_ptr<Database>(new Database(std::move(path), std::move(writer)));
}

Result<std::unique_ptr<Connection>> Database::take_reader() {
    {
        const std::lock_guard lock(readers_mutex_);
        if (!readers_.empty()) {
            std::unique_ptr<Connection> reader = std::move(readers_.back());
            readers_.pop_back();
            return reader;
        }
    }
    return Connection::open(path_, Connection::Mode::read);
}

void Database::give_back(std::unique_ptr<Connection> reader) {
    const std::lock_guard lock(readers_mutex_);
    if (readers_.size() < kIdleReaders) readers_.push_back(std::move(reader));
}

}  // namespace moat::sqlite
