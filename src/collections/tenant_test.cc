// Collections of tenants.
#include <filesystem>
#include <map>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "collections/test_database.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();

struct TenantTest : testing::Test {
    TestDatabase database;
    std::shared_ptr<Collection> notes = *database->create(kWho, schema());

    static Schema schema() {
        Schema schema;
        schema.name = "Note";
        schema.properties = {{.name = "text"}, {.name = "size", .type = DataType::integer}};
        schema.distance = Distance::l2_squared;
        schema.tenancy.enabled = true;
        return schema;
    }
    void reopen() {
        notes.reset();
        database.reopen();
        notes = *database->open(kWho, "Note");
    }
    std::shared_ptr<Collection> tenant(std::string_view name) {
        auto found = notes->tenant(kWho, name, true);
        EXPECT_TRUE(found) << found.error().message;
        return *found;
    }
    static Object note(const std::string& id, const std::string& text, float x) {
        Object object;
        object.id = uuid_of(id);
        object.properties = {{"text", text}, {"size", static_cast<std::int64_t>(text.size())}};
        object.vector = {x, 0};
        return object;
    }
    void put(std::string_view name, std::vector<Object> objects) {
        const Status written = tenant(name)->write(kWho, WriteBatch{{}, std::move(objects)});
        ASSERT_TRUE(written) << written.error().message;
    }
};

TEST_F(TenantTest, NothingIsSeenAcrossTenants) {
    const std::vector<Tenant> both{{"anna"}, {"bob"}};
    ASSERT_TRUE(notes->put_tenants(kWho, both));
    put("anna", {note("1", "secret plan", 0), note("2", "apple", 1)});
    put("bob", {note("1", "pear", 5)});  // the same id
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(*tenant("anna")->count(kWho, {}), 2U);
        EXPECT_EQ(*tenant("bob")->count(kWho, {}), 1U);
        EXPECT_TRUE(tenant("bob")->search(kWho, {.query = "secret"})->hits.empty());
        const auto near = tenant("bob")->search(kWho, {.vector = {0, 0}})->hits;
        ASSERT_EQ(near.size(), 1U);
        EXPECT_EQ(json::string_or(near[0].object.properties, "text"), "pear");
        EXPECT_EQ(
            notes->search(kWho, {.query = "secret"}).error().code, ErrorCode::invalid_argument
        );
        EXPECT_EQ(notes->count(kWho, {}).error().code, ErrorCode::invalid_argument);
        EXPECT_EQ(notes->tenant(kWho, "carl", true).error().code, ErrorCode::not_found);
        reopen();
    }
    EXPECT_EQ(notes->tenants(Principal{}).error().code, ErrorCode::unauthenticated);
    EXPECT_EQ(notes->tenant(Principal{}, "anna", false).error().code, ErrorCode::unauthenticated);
}

TEST_F(TenantTest, AColdTenantAnswersNothingUntilItIsActive) {
    ASSERT_TRUE(notes->put_tenants(kWho, std::vector<Tenant>{{"anna"}, {"cold", false}}));
    put("anna", {note("1", "apple", 0)});
    ASSERT_TRUE(notes->put_tenants(kWho, std::vector<Tenant>{{"anna", false}}));
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(notes->tenant(kWho, "anna", false).error().code, ErrorCode::conflict);
        EXPECT_FALSE(notes->tenants(kWho)->front().active);
        reopen();
    }
    ASSERT_TRUE(notes->put_tenants(kWho, std::vector<Tenant>{{"anna", true}}));
    EXPECT_EQ(*tenant("anna")->count(kWho, {}), 1U);
    Schema changed = schema();
    changed.tenancy.activate_on_use = true;
    changed.tenancy.create_on_write = true;
    ASSERT_TRUE(notes->configure(kWho, changed));
    put("cold", {note("1", "pear", 0)});
    put("new", {note("1", "fig", 0)});
    EXPECT_EQ(notes->tenant(kWho, "absent", false).error().code, ErrorCode::not_found);
    EXPECT_EQ(notes->tenants(kWho)->size(), 3U);
}

TEST_F(TenantTest, RemovedTenantsLeaveNothingBehind) {
    ASSERT_TRUE(notes->put_tenants(kWho, std::vector<Tenant>{{"anna"}, {"bob"}}));
    put("anna", {note("1", "apple", 0)});
    put("bob", {note("1", "pear", 0)});
    auto held = tenant("anna");
    ASSERT_TRUE(notes->remove_tenants(kWho, std::vector<std::string>{"anna", "absent"}));
    EXPECT_EQ(held->count(kWho, {}).error().code, ErrorCode::not_found);
    held.reset();
    ASSERT_TRUE(notes->put_tenants(kWho, std::vector<Tenant>{{"anna"}}));
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(*tenant("anna")->count(kWho, {}), 0U);
        EXPECT_EQ(*tenant("bob")->count(kWho, {}), 1U);
        reopen();
    }
    ASSERT_TRUE(database->drop(kWho, "Note"));
    EXPECT_FALSE(database->open(kWho, "Note"));
    notes = *database->create(kWho, schema());
    EXPECT_TRUE(notes->tenants(kWho)->empty());
}

TEST_F(TenantTest, AChangedSchemaIsThatOfEveryTenant) {
    ASSERT_TRUE(notes->put_tenants(kWho, std::vector<Tenant>{{"anna"}, {"bob"}}));
    put("anna", {note("1", "apple", 0)});
    ASSERT_TRUE(tenant("anna")->add_property(kWho, {.name = "colour"}));
    ASSERT_TRUE(notes->rename_property(kWho, "size", "length"));
    for (int round = 0; round < 2; ++round) {
        for (const std::string_view name : {"anna", "bob"})
            EXPECT_NE(tenant(name)->schema().find("colour"), nullptr);
        EXPECT_EQ(*tenant("anna")->count(kWho, Filter{FilterOperator::equal, "length", 5, {}}), 1U);
        reopen();
    }
    const Property other{.name = "text", .tokenization = Tokenization::field};
    EXPECT_EQ(notes->change_property(kWho, other).error().code, ErrorCode::unsupported);
}

// Against a map of maps; more tenants than are kept open.
TEST_F(TenantTest, ManySmallTenantsAgreeWithAMapAndHaveNoFiles) {
    constexpr int kTenants = 200;
    std::vector<Tenant> all;
    for (int i = 0; i < kTenants; ++i)
        all.push_back({fmt::format("t{}", i)});
    ASSERT_TRUE(notes->put_tenants(kWho, all));
    std::mt19937 random(3);
    std::map<std::string, std::map<Uuid, std::string>> expected;
    for (int i = 0; i < 600; ++i) {
        const std::string& name = all[random() % all.size()].name;
        const Object object =
            note(std::to_string(random() % 5), fmt::format("w{}", random() % 3), 1);
        put(name, {object});
        expected[name][object.id] = json::string_or(object.properties, "text");
    }
    reopen();
    for (const auto& [name, objects] : expected) {
        EXPECT_EQ(*tenant(name)->count(kWho, {}), objects.size());
        const auto wanted = static_cast<std::size_t>(
            std::ranges::count_if(objects, [](const auto& each) { return each.second == "w1"; })
        );
        EXPECT_EQ(tenant(name)->search(kWho, {.query = "w1"})->hits.size(), wanted);
        EXPECT_EQ(tenant(name)->search(kWho, {.vector = {0, 0}})->hits.size(), objects.size());
    }
    const auto files = database.path() / "vectors";
    EXPECT_TRUE(!std::filesystem::exists(files) || std::filesystem::is_empty(files));
}

}  // namespace
}  // namespace moat::collections
