// The whole store through its public interface: durable ingest, hybrid search while writes go on,
// and restart.
//
//   store_bench [OBJECTS [DIMENSIONS]]     default 50000 768
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <random>
#include <string>
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

double ingest(Collection& collection, const Objects& objects, std::size_t count) {
    // Made beforehand, a part at a time: only writing is timed.
    double spent = 0;
    for (std::size_t begin = 0; begin < count; begin += 50 * kBatch) {
        std::vector<WriteBatch> batches;
        for (std::size_t i = begin; i < std::min(count, begin + 50 * kBatch); ++i) {
            if (i % kBatch == 0) batches.emplace_back();
            batches.back().puts.push_back(objects.at(i));
        }
        const auto start = Clock::now();
        for (WriteBatch& batch : batches)
            CHECK(collection.write(kWho, std::move(batch)).has_value());
        spent += seconds_since(start);
    }
    return static_cast<double>(count) / spent;
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

// While 200 objects a second are written, in batches of ten.
template <class Work>
auto while_writing(Collection& collection, const Objects& objects, std::uint64_t from, Work work) {
    std::jthread writer([&](const std::stop_token& stop) {
        for (std::uint64_t next = from; !stop.stop_requested();) {
            WriteBatch batch;
            for (int i = 0; i < 10; ++i)
                batch.puts.push_back(objects.at(next++));
            CHECK(collection.write(kWho, std::move(batch)).has_value());
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    });
    return work();
}

int run(std::size_t count, std::size_t dimensions) {
    const TempDir dir;
    const Objects objects(dimensions);
    collections::Schema schema;
    schema.name = "Bench";
    schema.properties = {
        {.name = "text"},
        {.name = "source", .tokenization = collections::Tokenization::field, .searchable = false},
        {.name = "page", .type = collections::DataType::integer},
    };
    const double syncs = raw_syncs(dir.path(), kBatch * (dimensions * 4 + 600));
    auto database = open_at(dir.path());
    auto collection = *database->create(kWho, schema);
    fmt::print(
        "{} objects, {} dimensions, 60 words\n\n| what | value | reach |\n|---|---|---|\n",
        count,
        dimensions
    );
    const double rate = ingest(*collection, objects, count);
    fmt::print("| durable ingest, batches of {} | {:.0f} objects/s | 5000 |\n", kBatch, rate);
    fmt::print("| the disk alone, as many bytes a sync | {:.0f} objects/s | |\n", syncs * kBatch);
    std::fflush(stdout);
    for (const bool filtered : {false, true}) {
        const Latency quiet = search(*collection, objects, filtered);
        const Latency busy = while_writing(*collection, objects, count * (filtered ? 3 : 2), [&] {
            return search(*collection, objects, filtered);
        });
        fmt::print(
            "| hybrid{}, k 10 | p50 {:.2f} ms, p99 {:.2f} ms | |\n",
            filtered ? " + filter" : "",
            quiet.median_ms,
            quiet.p99_ms
        );
        fmt::print(
            "| the same while 200 objects/s are written | p50 {:.2f} ms, p99 {:.2f} ms | 25 ms |\n",
            busy.median_ms,
            busy.p99_ms
        );
        std::fflush(stdout);
    }
    collection.reset();
    database.reset();
    const auto start = Clock::now();
    database = open_at(dir.path());
    collection = *database->open(kWho, "Bench");
    std::mt19937_64 random(9);
    CHECK(!collection
               ->search(kWho, {.query = objects.text(random, 6), .vector = objects.vector(random)})
               ->hits.empty());
    fmt::print("| restart to the first hybrid answer | {:.2f} s | 2 s |\n", seconds_since(start));
    return 0;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 50'000;
    const std::size_t dimensions = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 768;
    return moat::run(count, dimensions);
}
