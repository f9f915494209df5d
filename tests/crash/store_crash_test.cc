// Kills a process that writes, with SIGKILL, at random moments and at every named test point of the
// store, and opens what it left: every acknowledged batch must be there whole and be found by
// id, keyword, vector and filter; a batch that was not acknowledged is there whole or not at all.
//
//   store_crash_test                   MOAT_CRASH_ROUNDS (default 15) random kills, and the points
//   store_crash_test --write FOLDER N   the child: writes batches from N on, "ack N" on stdout
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "access/policy.h"
#include "adapters/rocksdb/store.h"
#include "base/fd.h"
#include "base/temp_dir.h"
#include "collections/open.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();
constexpr std::size_t kDimensions = 24;
constexpr std::size_t kKeys = 600;

// All upkeep happens often, so that kills fall into it.
constexpr UpkeepOptions kEager{
    .seal_rows = 120, .seal_removals = 500, .graph_rows = 150, .checkpoint_rows = 60
};

Result<std::unique_ptr<Database>> open_at(const std::filesystem::path& folder) {
    TRY_ASSIGN(auto store, adapters::rocksdb_store::open_store(folder / "store"));
    DatabaseParts parts;
    parts.store = std::move(store);
    parts.upkeep = kEager;
    return open_database(folder, std::move(parts));
}

Result<std::shared_ptr<Collection>> open_collection(Database& database) {
    auto collection = database.open(kWho, "Crash");
    if (collection || collection.error().code != ErrorCode::not_found) return collection;
    return database.create(
        kWho,
        Schema{
            .name = "Crash",
            .properties =
                {{.name = "text"},
                 {.name = "batch", .type = DataType::integer},
                 {.name = "tag", .tokenization = Tokenization::field, .searchable = false}},
            .distance = Distance::l2_squared,
            .dimensions = kDimensions,
        }
    );
}

// What batch `number` writes: the same in parent and child.
WriteBatch batch_of(std::uint64_t number) {
    std::mt19937_64 random(number * 7919 + 1);
    std::normal_distribution<float> normal;
    WriteBatch batch;
    const std::size_t puts = 1 + random() % 25;
    for (std::size_t i = 0; i < puts; ++i) {
        Object object;
        object.id = uuid_of(std::to_string(random() % kKeys));
        object.properties["text"] = fmt::format("unique{}x{} shared{}", number, i, number % 10);
        object.properties["batch"] = static_cast<std::int64_t>(number);
        object.properties["tag"] = fmt::format("tag{}", number);
        object.vector.resize(kDimensions);
        for (float& x : object.vector)
            x = normal(random);
        batch.puts.push_back(std::move(object));
    }
    for (std::size_t i = random() % 8; i > 0; --i) {
        batch.removes.push_back(uuid_of(std::to_string(random() % kKeys)));
    }
    return batch;
}

using Model = std::map<Uuid, Object>;

void apply(Model& model, std::uint64_t number) {
    const WriteBatch batch = batch_of(number);
    for (const Uuid& id : batch.removes)
        model.erase(id);
    for (const Object& object : batch.puts)
        model[object.id] = object;
}

// The child: batches from `next` on.
int write_for_ever(const std::filesystem::path& folder, std::uint64_t next) {
    auto database = open_at(folder);
    if (!database) return 3;
    auto collection = open_collection(**database);
    if (!collection) return 4;
    for (;; ++next) {
        if (!(*collection)->write(kWho, batch_of(next))) return 5;
        std::printf("ack %llu\n", static_cast<unsigned long long>(next));
        std::fflush(stdout);
    }
}

struct Child {
    pid_t pid = -1;
    Fd output;
};

Child start_child(
    const std::filesystem::path& folder, std::uint64_t next, const std::string& point
) {
    int pipe_ends[2];
    EXPECT_EQ(::pipe(pipe_ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(pipe_ends[1], STDOUT_FILENO);
        ::close(pipe_ends[0]);
        ::close(pipe_ends[1]);
        if (!point.empty()) ::setenv("MOAT_TEST_POINT", point.c_str(), 1);
        const std::string number = std::to_string(next);
        ::execl(
            "/proc/self/exe", "store_crash_test", "--write", folder.c_str(), number.c_str(), nullptr
        );
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    return {pid, Fd(pipe_ends[0])};
}

// Reads acknowledgements until the child is gone; returns one more than the last of them.
std::uint64_t read_acks(const Child& child, std::uint64_t next) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = ::read(child.output.get(), buffer, sizeof buffer); n > 0;
         n = ::read(child.output.get(), buffer, sizeof buffer)) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    // Only whole lines are acknowledgements.
    for (std::size_t at = 0; (at = text.find("ack ", at)) != std::string::npos; at += 4) {
        if (text.find('\n', at) == std::string::npos) break;
        next = std::strtoull(text.c_str() + at + 4, nullptr, 10) + 1;
    }
    return next;
}

bool killed(const Child& child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child.pid, &status, 0), child.pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

bool equal(const Model& model, const std::vector<Object>& stored) {
    return std::ranges::equal(model, stored, [](const auto& expected, const Object& found) {
        return expected.first == found.id && expected.second.properties == found.properties &&
               expected.second.vector == found.vector;
    });
}

void check_searches(const Collection& collection, const Model& model, std::mt19937& random) {
    ASSERT_EQ(*collection.count(kWho, {}), model.size());
    std::map<std::int64_t, std::uint64_t> per_batch;
    for (const auto& [id, object] : model)
        ++per_batch[object.properties.at("batch").as_int64()];
    std::vector<const Object*> sample;
    for (const auto& [id, object] : model) {
        if (random() % 10 == 0) sample.push_back(&object);
    }
    for (const Object* object : sample) {
        const std::string text = json::string_or(object->properties, "text");
        const auto words =
            collection.search(kWho, {.query = text.substr(0, text.find(' ')), .limit = 3})->hits;
        ASSERT_EQ(words.size(), 1U) << text;
        EXPECT_EQ(words[0].object.id, object->id);

        const auto near = collection.search(kWho, {.vector = object->vector, .limit = 1})->hits;
        ASSERT_EQ(near.size(), 1U);
        EXPECT_EQ(near[0].object.id, object->id);
        EXPECT_NEAR(*near[0].distance, 0, 1e-5);

        const auto number = object->properties.at("batch").as_int64();
        const Filter by_number{FilterOperator::equal, "batch", number, {}};
        const Filter by_tag{
            FilterOperator::equal, "tag", json::String(fmt::format("tag{}", number)), {}
        };
        EXPECT_EQ(*collection.count(kWho, by_number), per_batch[number]);
        EXPECT_EQ(*collection.count(kWho, by_tag), per_batch[number]);
    }
}

// One folder, killed and reopened again and again.
struct StoreCrash : testing::Test {
    TempDir dir;
    Model model;             // of all batches below `next`
    std::uint64_t next = 0;  // the first batch that is not known to be stored
    std::mt19937 random{20261121};

    void check_after(std::uint64_t acknowledged_end) {
        for (; next < acknowledged_end; ++next)
            apply(model, next);
        auto database = open_at(dir.path());
        ASSERT_TRUE(database) << database.error().message;
        auto collection = open_collection(**database);
        ASSERT_TRUE(collection) << collection.error().message;
        const auto stored = (*collection)->list(kWho, {.limit = 10'000, .with_vector = true});
        ASSERT_TRUE(stored) << stored.error().message;
        if (!equal(model, *stored)) {
            // Then the one batch that was being written is there as well, whole.
            apply(model, next++);
            ASSERT_TRUE(equal(model, *stored)) << "after batch " << next - 1;
        }
        check_searches(**collection, model, random);
    }

    void kill_at_point(const std::string& point) {
        const Child child = start_child(dir.path(), next, point);
        std::jthread watchdog([&](const std::stop_token& stop) {
            // A point that is never passed must fail the test, and not hang it.
            for (int i = 0; i < 600 && !stop.stop_requested(); ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
            if (!stop.stop_requested()) ::kill(child.pid, SIGTERM);
        });
        const std::uint64_t end = read_acks(child, next);
        watchdog.request_stop();
        EXPECT_TRUE(killed(child)) << point;
        check_after(end);
    }

    void kill_after(std::chrono::milliseconds delay) {
        const Child child = start_child(dir.path(), next, "");
        std::this_thread::sleep_for(delay);
        ::kill(child.pid, SIGKILL);
        const std::uint64_t end = read_acks(child, next);
        EXPECT_TRUE(killed(child));
        check_after(end);
    }
};

TEST_F(StoreCrash, KeepsAcknowledgedBatchesWholeAtEveryPoint) {
    for (const char* point :
         {"write.before_commit",
          "write.after_commit",
          "seal.segment_stored",
          "seal.before_commit",
          "seal.after_commit",
          "checkpoint.body_written",
          "checkpoint.before_rename"}) {
        for (const int pass : {1, 3}) {
            SCOPED_TRACE(point);
            kill_at_point(fmt::format("{}:{}", point, pass));
            if (HasFatalFailure()) return;
        }
    }
    EXPECT_GT(next, 20U);
}

TEST_F(StoreCrash, KeepsAcknowledgedBatchesWholeAtRandomMoments) {
    const char* rounds = std::getenv("MOAT_CRASH_ROUNDS");
    for (int i = rounds != nullptr ? std::atoi(rounds) : 15; i > 0; --i) {
        kill_after(std::chrono::milliseconds(20 + random() % 700));
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(next, 0U);
}

}  // namespace
}  // namespace moat::collections

int main(int argc, char** argv) {
    if (argc == 4 && std::strcmp(argv[1], "--write") == 0) {
        return moat::collections::write_for_ever(argv[2], std::strtoull(argv[3], nullptr, 10));
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
