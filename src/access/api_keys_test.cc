#include "access/api_keys.h"

#include <regex>

#include <gtest/gtest.h>

#include "access/policy.h"
#include "base/bytes.h"

namespace moat::access {
namespace {

class FixedClock final : public Clock {
  public:
    Time now() const override { return time; }
    Time time = from_unix_ms(1'700'000'000'000);
};

class KeysInMemory final : public KeyStorage {
  public:
    Status insert(const Record& record) override {
        records.push_back(record);
        return Ok{};
    }
    Result<std::vector<Record>> list() override { return records; }
    Status remove(const std::string& id) override {
        if (failing) return Error{ErrorCode::io, "disk full"};
        std::erase_if(records, [&](const Record& record) { return record.key.id == id; });
        return Ok{};
    }
    Status set_last_used(const std::string& id, Time time) override {
        for (Record& record : records)
            if (record.key.id == id) record.key.last_used_at = time;
        return Ok{};
    }
    std::vector<Record> records;
    bool failing = false;
};

struct ApiKeysTest : testing::Test {
    FixedClock clock;
    KeysInMemory storage;
    std::unique_ptr<ApiKeys> open(KeyRule rule = KeyRule::when_an_admin_key_exists) {
        return *ApiKeys::open(storage, clock, rule);
    }
    const Principal admin = system_principal();
};

TEST_F(ApiKeysTest, ASecretIsMoatAnd32UrlSafeCharactersAndOnlyItsDigestIsStored) {
    const auto made = open()->create(admin, "alice", Role::user);
    ASSERT_TRUE(made);
    EXPECT_TRUE(std::regex_match(made->secret, std::regex("moat_[A-Za-z0-9_-]{32}")));
    ASSERT_EQ(storage.records.size(), 1U);
    EXPECT_EQ(storage.records[0].hash, sha256(bytes_of(made->secret)));
}

TEST_F(ApiKeysTest, AKeyIsItsPrincipalAfterARestart) {
    const std::string secret = open()->create(admin, "alice", Role::user)->secret;
    const Principal alice = open()->authenticate(secret);
    EXPECT_EQ(alice.name, "alice");
    EXPECT_EQ(alice.role, Role::user);
    EXPECT_EQ(alice.id, "key:" + storage.records[0].key.id);
}

TEST_F(ApiKeysTest, WithoutAnAdminKeyEveryoneIsTheLocalAdministrator) {
    const auto keys = open();
    ASSERT_TRUE(keys->create(admin, "alice", Role::user));
    EXPECT_FALSE(keys->key_required());
    EXPECT_EQ(keys->authenticate("").role, Role::admin);
    EXPECT_EQ(keys->authenticate("sk-made-up").role, Role::admin);
}

TEST_F(ApiKeysTest, AnAdminKeyMakesKeysNecessaryAtOnce) {
    const auto keys = open();
    const auto made = keys->create(admin, "root", Role::admin);
    EXPECT_TRUE(keys->key_required());
    EXPECT_EQ(keys->authenticate("").role, Role::nobody);
    EXPECT_EQ(keys->authenticate("moat_wrong").role, Role::nobody);
    EXPECT_EQ(keys->authenticate(made->secret).role, Role::admin);
    ASSERT_TRUE(keys->revoke(admin, "root"));
    EXPECT_EQ(keys->authenticate("").role, Role::admin);
}

TEST_F(ApiKeysTest, UnderTheRuleAlwaysNobodyComesInWithoutAKey) {
    EXPECT_EQ(open(KeyRule::always)->authenticate("").role, Role::nobody);
}

TEST_F(ApiKeysTest, TheLastAdminKeyOfAServerThatNeedsKeysCannotBeRevoked) {
    const auto keys = open(KeyRule::always);
    ASSERT_TRUE(keys->create(admin, "root", Role::admin));
    EXPECT_EQ(keys->revoke(admin, "root").error().code, ErrorCode::conflict);
    ASSERT_TRUE(keys->create(admin, "second", Role::admin));
    EXPECT_TRUE(keys->revoke(admin, "root"));
}

TEST_F(ApiKeysTest, ARevokedKeyNoLongerWorksAndAFailedRevocationChangesNothing) {
    const auto keys = open(KeyRule::always);
    const auto made = keys->create(admin, "alice", Role::user);
    storage.failing = true;
    EXPECT_EQ(keys->revoke(admin, made->key.id).error().code, ErrorCode::io);
    EXPECT_EQ(keys->authenticate(made->secret).name, "alice");
    storage.failing = false;
    ASSERT_TRUE(keys->revoke(admin, made->key.id));
    EXPECT_EQ(keys->authenticate(made->secret).role, Role::nobody);
    EXPECT_EQ(keys->revoke(admin, made->key.id).error().code, ErrorCode::not_found);
}

TEST_F(ApiKeysTest, OnlyAdminsManageKeys) {
    const auto keys = open();
    const Principal user{.id = "key:1", .name = "u", .role = Role::user};
    EXPECT_EQ(keys->create(user, "x", Role::admin).error().code, ErrorCode::forbidden);
    EXPECT_EQ(keys->list(user).error().code, ErrorCode::forbidden);
    EXPECT_EQ(keys->revoke(user, "x").error().code, ErrorCode::forbidden);
    EXPECT_EQ(keys->create({}, "x", Role::admin).error().code, ErrorCode::unauthenticated);
}

TEST_F(ApiKeysTest, NamesAreUniqueAndPrintable) {
    const auto keys = open();
    ASSERT_TRUE(keys->create(admin, "alice", Role::user));
    EXPECT_EQ(keys->create(admin, "alice", Role::user).error().code, ErrorCode::conflict);
    for (const std::string& bad : {std::string(), std::string("a\nb"), std::string(101, 'x')})
        EXPECT_EQ(keys->create(admin, bad, Role::user).error().code, ErrorCode::invalid_argument);
}

TEST_F(ApiKeysTest, TheLastUseIsWrittenBackWhenFlushed) {
    const auto keys = open();
    const auto made = keys->create(admin, "alice", Role::user);
    clock.time += std::chrono::hours(1);
    (void)keys->authenticate(made->secret);  // only the use matters here
    keys->flush_last_used();
    EXPECT_EQ(storage.records[0].key.last_used_at, clock.time);
}

}  // namespace
}  // namespace moat::access
