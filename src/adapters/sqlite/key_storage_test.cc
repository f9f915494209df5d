#include "adapters/sqlite/key_storage.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/temp_dir.h"

namespace moat::sqlite {
namespace {

struct KeyStorageTest : testing::Test {
    TempDir dir;
    std::unique_ptr<KeyStorage> open() {
        return *KeyStorage::open(dir.path() / "keys" / "keys.db");
    }
    static access::KeyStorage::Record record(std::string id, std::string name) {
        access::KeyStorage::Record out;
        out.hash = sha256(bytes_of(id));
        out.key.id = std::move(id);
        out.key.name = std::move(name);
        out.key.role = Role::admin;
        out.key.created_at = from_unix_ms(1'700'000'000'123);
        return out;
    }
};

TEST_F(KeyStorageTest, KeysAreThereAfterReopening) {
    ASSERT_TRUE(open()->insert(record("a1", "alice")));
    ASSERT_TRUE(open()->set_last_used("a1", from_unix_ms(1'800'000'000'000)));
    const auto list = open()->list();
    ASSERT_EQ(list->size(), 1U);
    EXPECT_EQ((*list)[0].key.name, "alice");
    EXPECT_EQ((*list)[0].key.role, Role::admin);
    EXPECT_EQ((*list)[0].hash, sha256(bytes_of("a1")));
    EXPECT_EQ(unix_ms((*list)[0].key.created_at), 1'700'000'000'123);
    EXPECT_EQ(unix_ms(*(*list)[0].key.last_used_at), 1'800'000'000'000);
}

TEST_F(KeyStorageTest, ANameIsTakenOnce) {
    const auto storage = open();
    ASSERT_TRUE(storage->insert(record("a1", "alice")));
    EXPECT_EQ(storage->insert(record("a2", "alice")).error().code, ErrorCode::conflict);
}

TEST_F(KeyStorageTest, ARemovedKeyIsGone) {
    const auto storage = open();
    ASSERT_TRUE(storage->insert(record("a1", "alice")));
    ASSERT_TRUE(storage->remove("a1"));
    EXPECT_TRUE(storage->list()->empty());
    EXPECT_EQ(storage->remove("a1").error().code, ErrorCode::not_found);
}

TEST_F(KeyStorageTest, NobodyElseMayReadTheFolder) {
    ASSERT_TRUE(open()->list());
    const auto rights = std::filesystem::status(dir.path() / "keys").permissions();
    EXPECT_EQ(rights, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace moat::sqlite
