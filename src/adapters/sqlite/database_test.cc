#include "adapters/sqlite/database.h"

#include <array>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace moat::sqlite {
namespace {

constexpr std::array kFirst{
    Migration{"fruit", "CREATE TABLE fruit (name TEXT PRIMARY KEY, weight REAL, seeds BLOB);"},
};
constexpr std::array kSecond{
    kFirst[0],
    Migration{"colour", "ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green';"},
};
constexpr std::array kBroken{
    kFirst[0],
    Migration{"broken", "CREATE TABLE basket (id INTEGER); CREATE TABLE fruit (id INTEGER);"},
};

struct DatabaseTest : testing::Test {
    TempDir dir;
    std::filesystem::path path = dir.path() / "deep" / "test.db";

    static Result<std::int64_t> count(Database& database) {
        return database.read([](Connection& c) -> Result<std::int64_t> {
            TRY_ASSIGN(Query query, c.query("SELECT count(*) FROM fruit"));
            TRY(query.next());
            return query.integer(0);
        });
    }
    static Status put(Database& database, std::string_view name) {
        return database.write([name](Connection& c) -> Status {
            TRY(c.run("INSERT INTO fruit (name) VALUES (?)", {name}));
            return Ok{};
        });
    }
};

TEST_F(DatabaseTest, ValuesComeBackAsTheyWereGiven) {
    auto database = Database::open(path, kFirst).value();
    const std::string seeds("a\0b", 3);
    const Status put = database->write([&](Connection& c) -> Status {
        TRY(c.run("INSERT INTO fruit VALUES (?, ?, ?)", {"苹果", 0.1, bytes_of(seeds)}));
        TRY(c.run("INSERT INTO fruit VALUES (?, ?, ?)", {"", nullptr, BytesView{}}));
        return Ok{};
    });
    ASSERT_TRUE(put) << put.error().message;
    const Status read = database->read([&](Connection& c) -> Status {
        TRY_ASSIGN(Query query, c.query("SELECT name, weight, seeds FROM fruit ORDER BY rowid"));
        EXPECT_TRUE(query.next().value());
        EXPECT_EQ(query.text(0), "苹果");
        EXPECT_EQ(query.number(1), 0.1);
        EXPECT_EQ(query.text(2), seeds);
        EXPECT_TRUE(query.next().value());
        EXPECT_FALSE(query.is_null(0));
        EXPECT_TRUE(query.is_null(1));
        EXPECT_FALSE(query.is_null(2));
        EXPECT_FALSE(query.next().value());
        return Ok{};
    });
    EXPECT_TRUE(read);
}

TEST_F(DatabaseTest, AnErrorInsideWriteUndoesAllOfIt) {
    auto database = Database::open(path, kFirst).value();
    const Status failed = database->write([](Connection& c) -> Status {
        TRY(c.run("INSERT INTO fruit (name) VALUES (?)", {"pear"}));
        return Error{ErrorCode::cancelled, "changed my mind"};
    });
    EXPECT_EQ(failed.error().code, ErrorCode::cancelled);
    EXPECT_EQ(count(*database).value(), 0);
    EXPECT_TRUE(put(*database, "pear"));
}

TEST_F(DatabaseTest, AnExistingKeyIsAConflict) {
    auto database = Database::open(path, kFirst).value();
    ASSERT_TRUE(put(*database, "pear"));
    EXPECT_EQ(put(*database, "pear").error().code, ErrorCode::conflict);
    EXPECT_EQ(count(*database).value(), 1);
}

TEST_F(DatabaseTest, AnOlderFileIsMigratedAndKeepsItsRows) {
    ASSERT_TRUE(put(*Database::open(path, kFirst).value(), "pear"));
    auto database = Database::open(path, kSecond).value();
    const auto colour = database->read([](Connection& c) -> Result<std::string> {
        TRY_ASSIGN(Query query, c.query("SELECT colour FROM fruit WHERE name = ?", {"pear"}));
        TRY(query.next());
        return query.text(0);
    });
    EXPECT_EQ(colour.value(), "green");
}

TEST_F(DatabaseTest, AFailedMigrationLeavesTheFileAsItWas) {
    ASSERT_TRUE(put(*Database::open(path, kFirst).value(), "pear"));
    EXPECT_FALSE(Database::open(path, kBroken));
    auto database = Database::open(path, kSecond);  // would fail had the version moved
    ASSERT_TRUE(database) << database.error().message;
    EXPECT_EQ(count(**database).value(), 1);
}

TEST_F(DatabaseTest, AFileOfANewerVersionIsRefused) {
    ASSERT_TRUE(Database::open(path, kSecond));
    EXPECT_EQ(Database::open(path, kFirst).error().code, ErrorCode::unsupported);
}

TEST_F(DatabaseTest, AForeignFileIsCorrupt) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << std::string(4096, 'x');
    EXPECT_EQ(Database::open(path, kFirst).error().code, ErrorCode::corrupt);
}

TEST_F(DatabaseTest, TheSameStatementMayRunInsideItself) {
    auto database = Database::open(path, kFirst).value();
    ASSERT_TRUE(put(*database, "a"));
    ASSERT_TRUE(put(*database, "b"));
    const auto pairs = database->read([](Connection& c) -> Result<std::string> {
        std::string text;
        constexpr std::string_view kSql = "SELECT name FROM fruit ORDER BY name";
        TRY_ASSIGN(Query outer, c.query(kSql));
        while (outer.next().value()) {
            TRY_ASSIGN(Query inner, c.query(kSql));
            while (inner.next().value())
                text += outer.text(0) + inner.text(0) + " ";
        }
        return text;
    });
    EXPECT_EQ(pairs.value(), "aa ab ba bb ");
}

TEST_F(DatabaseTest, AReaderSeesTheStateFromBeforeAnUnfinishedWrite) {
    auto database = Database::open(path, kFirst).value();
    const Status written = database->write([&](Connection& c) -> Status {
        TRY(c.run("INSERT INTO fruit (name) VALUES (?)", {"pear"}));
        EXPECT_EQ(count(*database).value(), 0);
        return Ok{};
    });
    ASSERT_TRUE(written);
    EXPECT_EQ(count(*database).value(), 1);
}

TEST_F(DatabaseTest, ManyThreadsReadAndWriteAtOnce) {
    auto database = Database::open(path, kFirst).value();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; ++i) {
                EXPECT_TRUE(put(*database, fmt::format("{}-{}", t, i)));
                EXPECT_GE(count(*database).value(), i + 1);
            }
        });
    threads.clear();
    EXPECT_EQ(count(*database).value(), 120);
}

}  // namespace
}  // namespace moat::sqlite
