// Keyword search through the whole store, beside SQLite's FTS5 on the same texts and queries.
//
//   keyword_bench [OBJECTS [QUERIES [FOLDER]]]     default 1000000 400, in a folder that goes again
//
// What FOLDER holds from an earlier run is used again.
// Texts of 8 to 24 words, drawn by Zipf's law; queries of 2 to 4 words, of which the first is
// among the fifty most common. Each query runs on both, one right after the other; of FTS5, any
// word may match and bm25() ranks, which is what ours does.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "access/policy.h"
#include "adapters/rocksdb/store.h"
#include "base/check.h"
#include "base/temp_dir.h"
#include "collections/open.h"

namespace moat {
namespace {

using collections::Object;
using collections::WriteBatch;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kVocabulary = 100'000;
constexpr std::size_t kCommon = 50;
constexpr std::size_t kBatch = 1000;
constexpr std::size_t kHits = 10;
const Principal kWho = access::system_principal();

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Of this thread, which does all the work of both: what a busy machine does not touch.
double processor_milliseconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

struct Took {
    std::vector<double> wall;
    std::vector<double> processor;

    template <class Work>
    auto measure(Work work) {
        const auto start = Clock::now();
        const double before = processor_milliseconds();
        auto result = work();
        processor.push_back(processor_milliseconds() - before);
        wall.push_back(milliseconds_since(start));
        return result;
    }
};

class Words {
  public:
    Words() : cumulative_(kVocabulary) {
        double sum = 0;
        for (std::size_t i = 0; i < kVocabulary; ++i)
            cumulative_[i] = sum += 1 / static_cast<double>(i + 1);
    }
    std::string any(std::mt19937_64& random) const {
        std::uniform_real_distribution<double> uniform(0, cumulative_.back());
        const auto at = std::ranges::lower_bound(cumulative_, uniform(random));
        return word(static_cast<std::size_t>(at - cumulative_.begin()));
    }
    std::string text(std::uint64_t number) const {
        std::mt19937_64 random(number * 7919 + 3);
        std::string text;
        for (std::size_t i = 8 + random() % 17; i > 0; --i)
            text += any(random) + " ";
        return text;
    }
    std::vector<std::string> query(std::uint64_t number) const {
        std::mt19937_64 random(number * 104'729 + 11);
        std::vector<std::string> words{word(random() % kCommon)};
        for (std::size_t i = 1 + random() % 3; i > 0; --i)
            words.push_back(any(random));
        return words;
    }

  private:
    static std::string word(std::size_t rank) { return fmt::format("w{}", rank); }
    std::vector<double> cumulative_;
};

class Fts5 {
  public:
    explicit Fts5(const std::string& path) {
        CHECK(sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
        run("PRAGMA cache_size = -1000000");  // it all fits in memory, as ours does
    }
    ~Fts5() {
        sqlite3_finalize(search_);
        sqlite3_close(database_);
    }
    Fts5(const Fts5&) = delete;
    Fts5& operator=(const Fts5&) = delete;

    void fill(const Words& words, std::size_t count) {
        run("BEGIN");
        run("CREATE VIRTUAL TABLE texts USING fts5(body)");
        sqlite3_stmt* insert = prepare("INSERT INTO texts(body) VALUES (?)");
        for (std::size_t i = 0; i < count; ++i) {
            const std::string text = words.text(i);
            sqlite3_bind_text(insert, 1, text.data(), static_cast<int>(text.size()), nullptr);
            CHECK(sqlite3_step(insert) == SQLITE_DONE);
            sqlite3_reset(insert);
        }
        sqlite3_finalize(insert);
        run("COMMIT");
        run("INSERT INTO texts(texts) VALUES ('optimize')");
    }
    std::size_t search(const std::vector<std::string>& words) {
        if (search_ == nullptr) {
            search_ = prepare("SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT 10");
        }
        std::string expression;
        for (const std::string& word : words)
            expression += (expression.empty() ? "" : " OR ") + word;
        sqlite3_bind_text(
            search_, 1, expression.data(), static_cast<int>(expression.size()), nullptr
        );
        std::size_t rows = 0;
        while (sqlite3_step(search_) == SQLITE_ROW)
            ++rows;
        sqlite3_reset(search_);
        return rows;
    }

  private:
    void run(const char* statement) {
        CHECK(sqlite3_exec(database_, statement, nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    sqlite3_stmt* prepare(const char* statement) {
        sqlite3_stmt* prepared = nullptr;
        CHECK(sqlite3_prepare_v2(database_, statement, -1, &prepared, nullptr) == SQLITE_OK);
        return prepared;
    }

    sqlite3* database_ = nullptr;
    sqlite3_stmt* search_ = nullptr;
};

std::shared_ptr<collections::Collection> fill(
    collections::Database& database, const Words& words, std::size_t count
) {
    const auto collection = *database.create(
        kWho, collections::Schema{.name = "Bench", .properties = {{.name = "text"}}}
    );
    for (std::size_t begin = 0; begin < count; begin += kBatch) {
        WriteBatch batch;
        for (std::size_t i = begin; i < std::min(count, begin + kBatch); ++i) {
            Object& object = batch.puts.emplace_back();
            object.id = uuid_of(std::to_string(i));
            object.properties["text"] = words.text(i);
        }
        CHECK(collection->write(kWho, std::move(batch)));
    }
    return collection;
}

double at_share(std::vector<double>& values, double share) {
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void report(
    std::string_view what, double share, std::vector<double>& ours, std::vector<double>& theirs
) {
    const double own = at_share(ours, share);
    const double other = at_share(theirs, share);
    fmt::print(
        "| p{:.0f}{} | {:.3f} ms | {:.3f} ms | {:.4f} |\n",
        share * 100,
        what,
        own,
        other,
        own / other
    );
}

int run(std::size_t objects, std::size_t queries, const std::filesystem::path& folder) {
    const Words words;
    const bool known = std::filesystem::exists(folder / "store");
    collections::DatabaseParts parts;
    parts.store = *adapters::rocksdb_store::open_store(folder / "store");
    const auto database = *collections::open_database(folder, std::move(parts));
    const auto collection =
        known ? *database->open(kWho, "Bench") : fill(*database, words, objects);
    CHECK(*collection->count(kWho, {}) == objects, "the folder holds other objects");
    Fts5 fts((folder / "fts.db").string());
    if (!known) fts.fill(words, objects);

    constexpr std::size_t kWarm = 20;
    Took ours;
    Took theirs;
    for (std::size_t i = 0; i < queries + kWarm; ++i) {
        if (i == kWarm) ours = theirs = Took();
        const auto query = words.query(i);
        std::string text;
        for (const std::string& word : query)
            text += word + " ";
        const auto found =
            ours.measure([&] { return collection->search(kWho, {.query = text, .limit = kHits}); });
        const std::size_t rows = theirs.measure([&] { return fts.search(query); });
        CHECK(found && found->hits.size() == rows);
    }
    fmt::print("{} texts, {} queries, top {}\n", objects, queries, kHits);
    fmt::print("| | Moat | SQLite FTS5 | Moat / FTS5 |\n|---|---|---|---|\n");
    for (const double share : {0.5, 0.95, 0.99}) {
        report("", share, ours.wall, theirs.wall);
        report(" of processor time", share, ours.processor, theirs.processor);
    }
    return 0;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
    const auto argument = [&](int i, std::size_t fallback) {
        return argc > i ? static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10)) : fallback;
    };
    const moat::TempDir temporary;
    const std::filesystem::path folder = argc > 3 ? argv[3] : temporary.path().string();
    std::filesystem::create_directories(folder);
    return moat::run(argument(1, 1'000'000), argument(2, 400), folder);
}
