// The whole store through its public interface: durable ingest, hybrid search while writes go on,
// and restart.
//
//   store_bench [OBJECTS [DIMENSIONS [FOLDER]]]     default 50000 768, in a folder that goes again
//
// What FOLDER holds from an earlier run is used, and only the objects that are missing are written.
// The run ends as a crash does, with nothing closed: the next one restarts from that.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "access/policy.h"
#include "adapters/rocksdb/store.h"
#include "base/temp_dir.h"
#include "collections/open.h"

namespace moat {
namespace {

using collections::Collection;
using collections::Database;
using collections::Object;
using collections::WriteBatch;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 100;
constexpr std::size_t kVocabulary = 50'000;
constexpr std::chrono::seconds kLastWrites{30};  // before what is as a crash
const Principal kWho = access::system_principal();

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Objects of sixty words, skewed as in language, and a vector near one of a thousand centres.
class Objects {
  public:
    explicit Objects(std::size_t dimensions)
        : dimensions_(dimensions), centres_(1000 * dimensions) {
        std::mt19937_64 random(1);
        std::normal_distribution<float> normal;
        for (float& x : centres_)
            x = normal(random);
    }

    Object at(std::uint64_t number) const {
        std::mt19937_64 random(number + 17);
        Object object;
        object.id = uuid_of(std::to_string(number));
        object.properties["text"] = text(random, 60);
        object.properties["source"] = fmt::format("source{}", number % 50);
        object.properties["page"] = static_cast<std::int64_t>(number % 300);
        object.vector = vector(random);
        return object;
    }
    std::string text(std::mt19937_64& random, std::size_t words) const {
        std::uniform_real_distribution<double> uniform;
        std::string out;
        for (std::size_t i = 0; i < words; ++i) {
            const double skewed = std::pow(static_cast<double>(kVocabulary), uniform(random)) - 1;
            out += fmt::format("word{} ", static_cast<std::size_t>(skewed));
        }
        return out;
    }
    std::vector<float> vector(std::mt19937_64& random) const {
        // A cheap noise: the generator would otherwise be what is measured.
        const std::size_t centre = random() % 1000 * dimensions_;
        std::vector<float> out(dimensions_);
        for (std::size_t i = 0; i < dimensions_; ++i) {
            const auto noise = static_cast<float>(random() & 0xFFFF) / 32768.0F - 1;
            out[i] = centres_[centre + i] + 0.6F * noise;
        }
        return out;
    }

  private:
    std::size_t dimensions_;
    std::vector<float> centres_;
};

std::unique_ptr<Database> open_at(const std::filesystem::path& folder) {
    auto store = adapters::rocksdb_store::open_store(folder / "store");
    CHECK(store.has_value(), "the store did not open");
    collections::DatabaseParts parts;
    parts.store = std::move(*store);
    auto database = collections::open_database(folder, std::move(parts));
    CHECK(database.has_value(), "the database did not open");
    return std::move(*database);
}

// What the disk alone gives: syncs a second of a file that grows by a batch's bytes.
double raw_syncs(const std::filesystem::path& folder, std::size_t bytes) {
    const std::string block(bytes, 'x');
    const int file =
        ::open((folder / "raw").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(file >= 0);
    const auto start = Clock::now();
    constexpr int kRounds = 50;
    for (int i = 0; i < kRounds; ++i) {
        CHECK(::write(file, block.data(), bytes) == static_cast<ssize_t>(bytes));
        CHECK(::fdatasync(file) == 0);
    }
    const double rate = kRounds / seconds_since(start);
    ::close(file);
    return rate;
}

// Objects from `first` on up to `end`; a second.
double ingest(Collection& collection, const Objects& objects, std::size_t first, std::size_t end) {
    // Made beforehand, a part at a time: only writing is timed.
    double spent = 0;
    for (std::size_t begin = first; begin < end; begin += 50 * kBatch) {
        std::vector<WriteBatch> batches;
        for (std::size_t i = begin; i < std::min(end, begin + 50 * kBatch); ++i) {
            if ((i - begin) % kBatch == 0) batches.emplace_back();
            batches.back().puts.push_back(objects.at(i));
        }
        const auto start = Clock::now();
        for (WriteBatch& batch : batches)
            CHECK(collection.write(kWho, std::move(batch)).has_value());
        spent += seconds_since(start);
    }
    return static_cast<double>(end - first) / spent;
}

double processor_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Until the work behind the writes is done, which is when nothing is computed any more.
void settle() {
    const auto start = Clock::now();
    while (true) {
        const double before = processor_seconds();
        std::this_thread::sleep_for(std::chrono::seconds(2));
        if (processor_seconds() - before < 0.02) break;
    }
    fmt::print("| work behind the writes | {:.0f} s | |\n", seconds_since(start));
}

struct Latency {
    double median_ms;
    double p99_ms;
};

Latency search(const Collection& collection, const Objects& objects, bool filtered) {
    std::mt19937_64 random(5);
    std::vector<double> took;
    for (int i = 0; i < 1000; ++i) {
        collections::SearchRequest request;
        request.query = objects.text(random, 6);
        request.vector = objects.vector(random);
        if (filtered) {
            request.filter = collections::Filter{
                collections::FilterOperator::less, "page", static_cast<std::int64_t>(30), {}
            };
        }
        const auto start = Clock::now();
        CHECK(collection.search(kWho, request).has_value());
        took.push_back(seconds_since(start) * 1e3);
    }
    std::ranges::sort(took);
    return {took[took.size() / 2], took[took.size() * 99 / 100]};
}

// While 200 objects a second are written, in batches of ten; what is written stays in bounds.
template <class Work>
auto while_writing(Collection& collection, const Objects& objects, Work work) {
    constexpr std::uint64_t kFirst = 1'000'000'000;
    constexpr std::uint64_t kMost = 20'000;
    std::jthread writer([&](const std::stop_token& stop) {
        auto due = Clock::now();
        for (std::uint64_t next = 0; !stop.stop_requested();) {
            WriteBatch batch;
            for (int i = 0; i < 10; ++i)
                batch.puts.push_back(objects.at(kFirst + next++ % kMost));
            CHECK(collection.write(kWho, std::move(batch)).has_value());
            due += std::chrono::milliseconds(50);
            std::this_thread::sleep_until(due);
        }
    });
    return work();
}

void search_all_ways(Collection& collection, const Objects& objects) {
    for (const bool filtered : {false, true}) {
        const std::string_view what = filtered ? "hybrid + filter" : "hybrid";
        const auto report = [&](std::string_view when, const Latency& took, std::string_view reach
                            ) {
            fmt::print(
                "| {}, k 10{} | p50 {:.2f} ms, p99 {:.2f} ms | {} |\n",
                what,
                when,
                took.median_ms,
                took.p99_ms,
                reach
            );
            std::fflush(stdout);
        };
        report("", search(collection, objects, filtered), "");
        const Latency busy = while_writing(collection, objects, [&] {
            return search(collection, objects, filtered);
        });
        report(", while 200 objects/s are written", busy, "25 ms");
    }
}

// Lets the system forget what it has in memory of the files, as a machine that was off has.
void forget_files(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        CHECK(file >= 0);
        CHECK(::fdatasync(file) == 0);
        CHECK(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
        ::close(file);
    }
}

// Opens the store, and asks for what the beginning of an object says and where its vector is: it
// must be among the hits.
std::unique_ptr<Database> restart(
    const std::filesystem::path& folder, const Objects& objects, std::string_view how
) {
    constexpr std::uint64_t kWanted = 4321;
    constexpr std::size_t kWords = 10;
    const Object wanted = objects.at(kWanted);
    const std::string text(wanted.properties.at("text").as_string());
    std::size_t end = 0;
    for (std::size_t i = 0; i < kWords; ++i)
        end = text.find(' ', end) + 1;
    const auto start = Clock::now();
    auto database = open_at(folder);
    const auto collection = *database->open(kWho, "Bench");
    const double opened = seconds_since(start);
    const auto found =
        collection->search(kWho, {.query = text.substr(0, end), .vector = wanted.vector});
    const double answered = seconds_since(start);
    CHECK(found && std::ranges::any_of(found->hits, [&](const collections::SearchHit& hit) {
              return hit.object.id == wanted.id;
          }));
    fmt::print(
        "| restart {} to the first correct hybrid answer | {:.2f} s (open {:.2f} s) | 2 s |\n",
        how,
        answered,
        opened
    );
    std::fflush(stdout);
    return database;
}

void run(std::size_t count, std::size_t dimensions, const std::filesystem::path& folder) {
    const Objects objects(dimensions);
    collections::Schema schema;
    schema.name = "Bench";
    schema.properties = {
        {.name = "text"},
        {.name = "source", .tokenization = collections::Tokenization::field, .searchable = false},
        {.name = "page", .type = collections::DataType::integer},
    };
    fmt::print(
        "{} objects, {} dimensions, 60 words\n\n| what | value | reach |\n|---|---|---|\n",
        count,
        dimensions
    );
    const bool known = std::filesystem::exists(folder / "store");
    auto database = known ? restart(folder, objects, "after a crash") : open_at(folder);
    auto collection = known ? *database->open(kWho, schema.name) : *database->create(kWho, schema);
    const std::uint64_t there = *collection->count(kWho, {});
    if (there < count) {
        const double syncs = raw_syncs(folder, kBatch * (dimensions * 4 + 600));
        const double rate = ingest(*collection, objects, there, count);
        fmt::print("| durable ingest, batches of {} | {:.0f} objects/s | 5000 |\n", kBatch, rate);
        fmt::print(
            "| the disk alone, as many bytes a sync | {:.0f} objects/s | |\n", syncs * kBatch
        );
        std::fflush(stdout);
    }
    settle();
    search_all_ways(*collection, objects);
    collection.reset();
    database.reset();
    restart(folder, objects, "in order").reset();
    forget_files(folder);
    database = restart(folder, objects, "with cold files");
    collection = *database->open(kWho, schema.name);
    while_writing(*collection, objects, [] { std::this_thread::sleep_for(kLastWrites); });
    (void)database.release();  // NOLINT(bugprone-unused-return-value): nothing is closed
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 50'000;
    const std::size_t dimensions = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 768;
    {
        const moat::TempDir temporary;
        const std::filesystem::path folder = argc > 3 ? argv[3] : temporary.path().string();
        std::filesystem::create_directories(folder);
        moat::run(count, dimensions, folder);
    }
    std::_Exit(0);
}
