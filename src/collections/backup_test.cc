#include "collections/backup.h"

#include <atomic>
#include <fstream>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "collections/test_database.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();

bool same(const std::vector<Object>& a, const std::vector<Object>& b) {
    return std::ranges::equal(a, b, [](const Object& x, const Object& y) {
        return x.id == y.id && x.properties == y.properties && x.vector == y.vector &&
               x.created_ms == y.created_ms && x.updated_ms == y.updated_ms;
    });
}

struct BackupTest : testing::Test {
    // Segments are sealed and graphs built within some hundred objects.
    TestDatabase database{{.seal_rows = 120, .graph_rows = 150, .checkpoint_rows = 60}};
    std::shared_ptr<Collection> notes = *database->create(kWho, schema());
    std::filesystem::path folder = database.path() / "backup";

    static Schema schema() {
        Schema schema;
        schema.name = "Note";
        schema.properties = {{.name = "text"}, {.name = "size", .type = DataType::integer}};
        schema.distance = Distance::l2_squared;
        return schema;
    }
    static Object note(std::uint64_t number) {
        std::mt19937 random(static_cast<std::uint32_t>(number));
        std::normal_distribution<float> normal;
        Object object;
        object.id = uuid_of(std::to_string(number));
        object.properties = {
            {"text", fmt::format("word{} common", number)},
            {"size", static_cast<std::int64_t>(number)}
        };
        for (int i = 0; i < 8; ++i)
            object.vector.push_back(normal(random));
        return object;
    }
    static void put(Collection& collection, std::uint64_t begin, std::uint64_t end) {
        WriteBatch batch;
        for (; begin < end; ++begin)
            batch.puts.push_back(note(begin));
        const Status written = collection.write(kWho, std::move(batch));
        ASSERT_TRUE(written) << written.error().message;
    }
    static std::vector<Object> all(const Collection& collection) {
        auto found = collection.list(kWho, {.limit = 10'000, .with_vector = true});
        EXPECT_TRUE(found) << found.error().message;
        return *found;
    }
    BackupManifest back_up(const std::vector<std::string>& names = {}) {
        auto made = database->back_up(kWho, {.collections = names, .folder = folder}, {});
        EXPECT_TRUE(made) << made.error().message;
        return *made;
    }
    std::shared_ptr<Collection> restore(const std::string& name, const std::string& as) {
        const Status done =
            database->restore(kWho, {.folder = folder, .collection = name, .as = as}, {});
        EXPECT_TRUE(done) << done.error().message;
        return *database->open(kWho, as);
    }
    // By word, filter and vector.
    static void check_found(const Collection& collection, std::uint64_t number) {
        const Object wanted = note(number);
        const auto words =
            collection.search(kWho, {.query = fmt::format("word{}", number), .limit = 3})->hits;
        ASSERT_EQ(words.size(), 1U);
        EXPECT_EQ(words[0].object.id, wanted.id);
        const auto near = collection.search(kWho, {.vector = wanted.vector, .limit = 1})->hits;
        ASSERT_EQ(near.size(), 1U);
        EXPECT_EQ(near[0].object.id, wanted.id);
        const Filter filter{FilterOperator::equal, "size", static_cast<std::int64_t>(number), {}};
        EXPECT_EQ(*collection.count(kWho, filter), 1U);
    }
};

TEST_F(BackupTest, RestoresUnderAnotherName) {
    const auto check_copy = [&] {
        const auto copy = *database->open(kWho, "Copy");
        EXPECT_TRUE(same(all(*notes), all(*copy)));
        EXPECT_EQ(*copy->count(kWho, {}), 599U);
        check_found(*copy, 3);
        check_found(*copy, 599);
    };
    for (std::uint64_t i = 0; i < 600; i += 60)
        put(*notes, i, i + 60);
    ASSERT_TRUE(notes->write(kWho, WriteBatch{{note(7).id}, {}}));
    const BackupManifest made = back_up();
    ASSERT_EQ(made.collections.size(), 1U);
    EXPECT_EQ(made.collections[0].objects, 599U);

    restore("Note", "Copy");
    check_copy();
    notes.reset();
    database.reopen();
    notes = *database->open(kWho, "Note");
    check_copy();
    // They are two collections now.
    put(**database->open(kWho, "Copy"), 1000, 1001);
    EXPECT_EQ(*notes->count(kWho, {}), 599U);
}

TEST_F(BackupTest, HoldsOneMomentWhileOthersWrite) {
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> written = 0;
    std::jthread writer([&] {
        for (std::uint64_t i = 0; !stop; i += 10) {
            put(*notes, i, i + 10);  // ten objects or none
            written = i + 10;
        }
    });
    while (written < 100)
        std::this_thread::yield();
    const std::uint64_t before = written;
    back_up();
    stop = true;
    writer.join();
    const auto copy = restore("Note", "Copy");
    const auto count = *copy->count(kWho, {});
    EXPECT_GE(count, before);
    EXPECT_LE(count, written);
    EXPECT_EQ(count % 10, 0U);
    check_found(*copy, count - 1);
}

TEST_F(BackupTest, BringsTenantsWithTheirObjects) {
    Schema schema = BackupTest::schema();
    schema.name = "Shared";
    schema.tenancy.enabled = true;
    const auto shared = *database->create(kWho, schema);
    const std::vector<Tenant> tenants{{"anna"}, {"bob"}, {"cold", false}};
    ASSERT_TRUE(shared->put_tenants(kWho, tenants));
    put(**shared->tenant(kWho, "anna", true), 0, 20);
    put(**shared->tenant(kWho, "bob", true), 10, 15);
    back_up({"Shared"});
    const auto copy = restore("Shared", "Copy");
    const auto restored = *copy->tenants(kWho);
    ASSERT_EQ(restored.size(), 3U);
    EXPECT_FALSE(std::ranges::find(restored, "cold", &Tenant::name)->active);
    EXPECT_EQ(*(*copy->tenant(kWho, "anna", false))->count(kWho, {}), 20U);
    const auto bob = *copy->tenant(kWho, "bob", false);
    EXPECT_TRUE(same(all(*bob), all(**shared->tenant(kWho, "bob", false))));
    check_found(*bob, 12);
}

TEST_F(BackupTest, RefusesWhatIsNotAsItWasWritten) {
    put(*notes, 0, 50);
    const BackupManifest made = back_up();
    const auto archive = folder / made.collections[0].file;
    std::fstream file(archive, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(made.collections[0].bytes / 2));
    file.put('!');
    file.close();
    const auto refused =
        database->restore(kWho, {.folder = folder, .collection = "Note", .as = "Copy"}, {});
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_EQ(database->open(kWho, "Copy").error().code, ErrorCode::not_found);
}

TEST_F(BackupTest, RefusesTakenNamesAndStrangers) {
    put(*notes, 0, 5);
    back_up();
    const RestoreRequest over{.folder = folder, .collection = "Note"};
    EXPECT_EQ(database->restore(kWho, over, {}).error().code, ErrorCode::conflict);
    EXPECT_EQ(database->back_up(kWho, {.folder = folder}, {}).error().code, ErrorCode::conflict);
    const RestoreRequest absent{.folder = folder, .collection = "None"};
    EXPECT_EQ(database->restore(kWho, absent, {}).error().code, ErrorCode::not_found);
    const Principal user{.role = Role::user};
    EXPECT_EQ(database->restore(user, over, {}).error().code, ErrorCode::forbidden);
    EXPECT_EQ(database->back_up(user, {.folder = folder}, {}).error().code, ErrorCode::forbidden);
}

TEST_F(BackupTest, AStoppedOneLeavesNothing) {
    for (std::uint64_t i = 0; i < 3000; i += 1000)
        put(*notes, i, i + 1000);
    std::stop_source stop;
    const auto at_once = [&](const std::string&, std::uint64_t) { stop.request_stop(); };
    const BackupRequest stopped{.folder = folder, .progress = at_once};
    EXPECT_EQ(
        database->back_up(kWho, stopped, stop.get_token()).error().code, ErrorCode::cancelled
    );
    EXPECT_FALSE(std::filesystem::exists(folder));

    back_up();
    const RestoreRequest half{
        .folder = folder, .collection = "Note", .as = "Copy", .progress = at_once
    };
    EXPECT_EQ(database->restore(kWho, half, stop.get_token()).error().code, ErrorCode::cancelled);
    EXPECT_EQ(database->open(kWho, "Copy").error().code, ErrorCode::not_found);
    EXPECT_EQ(*restore("Note", "Copy")->count(kWho, {}), 3000U);
}

// What a crash leaves: the mark of a restoration and some of its records.
TEST(Backup, AnUnfinishedRestorationIsRemovedAtTheNextStart) {
    const TempDir dir;
    auto store = *adapters::rocksdb_store::open_store(dir.path());
    const auto changes = store->new_batch();
    std::string count;
    put_big_endian(count, 2, 4);
    changes->put(Space::catalog, "restoring/" + collection_prefix(8), count);
    for (const CollectionNumber number : {7U, 8U, 9U, 10U})
        changes->put(Space::objects, collection_prefix(number) + "row", "value");
    ASSERT_TRUE(store->commit(*changes, Durability::synced));
    ASSERT_TRUE(remove_unfinished_restorations(*store));
    const auto snapshot = store->snapshot();
    for (const CollectionNumber number : {7U, 8U, 9U, 10U}) {
        const auto value = snapshot->get(Space::objects, collection_prefix(number) + "row");
        EXPECT_EQ(value->has_value(), number == 7 || number == 10) << number;
    }
    EXPECT_FALSE(*snapshot->get(Space::catalog, "restoring/" + collection_prefix(8)));
}

}  // namespace
}  // namespace moat::collections
