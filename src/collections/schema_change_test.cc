// How a collection changes its schema, and what stays true meanwhile.
#include <chrono>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "collections/test_database.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();
constexpr UpkeepOptions kEager{.seal_rows = 40, .seal_removals = 100};

struct SchemaChangeTest : testing::Test {
    TestDatabase database{kEager};
    std::shared_ptr<Collection> things = *database->create(kWho, schema());

    static Schema schema() {
        Schema schema;
        schema.name = "Thing";
        schema.properties = {
            {.name = "text"},
            {.name = "code", .tokenization = Tokenization::field},
            {.name = "size", .type = DataType::integer},
        };
        return schema;
    }
    void reopen() {
        things.reset();
        database.reopen();
        things = *database->open(kWho, "Thing");
    }
    static Object thing(int i) {
        Object object;
        object.id = uuid_of(std::to_string(i));
        object.properties = {
            {"text", fmt::format("Alpha-{} common", i)},
            {"code", std::to_string(i)},
            {"size", i % 10},
        };
        return object;
    }
    void put(int begin, int end) {
        for (int i = begin; i < end; i += 7) {
            WriteBatch batch;
            for (int k = i; k < std::min(end, i + 7); ++k)
                batch.puts.push_back(thing(k));
            ASSERT_TRUE(things->write(kWho, batch));
        }
    }
    std::size_t count(const Filter& filter) const {
        const auto found = things->count(kWho, filter);
        EXPECT_TRUE(found) << found.error().message;
        return found ? *found : 0;
    }
    // Whatever is under way, within reason for a busy machine.
    void wait() const {
        for (int i = 0; i < 6000 && !things->changes().empty(); ++i) {
            if (!things->changes().front().failure.empty()) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
};

TEST_F(SchemaChangeTest, ARenamedPropertyKeepsItsValuesAndItsIndex) {
    put(0, 100);
    ASSERT_TRUE(things->rename_property(kWho, "size", "weight"));
    EXPECT_EQ(things->rename_property(kWho, "size", "x").error().code, ErrorCode::not_found);
    EXPECT_EQ(things->rename_property(kWho, "weight", "text").error().code, ErrorCode::conflict);
    // The former name is free again, for something else.
    ASSERT_TRUE(things->add_property(kWho, {.name = "size"}));
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(count({FilterOperator::equal, "weight", 3, {}}), 10U);
        const auto object = things->get(kWho, uuid_of("13"), false);
        EXPECT_EQ(json::int_or(object->properties, "weight", -1), 3);
        EXPECT_FALSE(object->properties.contains("size"));
        EXPECT_EQ(count({FilterOperator::is_null, "size", true, {}}), 100U);
        reopen();
    }
    WriteBatch batch;
    batch.puts.push_back(Object{uuid_of("13"), {{"weight", 42}, {"size", "large"}}, {}, 0, 0});
    ASSERT_TRUE(things->write(kWho, batch));
    EXPECT_EQ(count({FilterOperator::equal, "weight", 3, {}}), 9U);
    EXPECT_EQ(count({FilterOperator::equal, "size", "large", {}}), 1U);
}

TEST_F(SchemaChangeTest, ADroppedPropertyIsNotSeenAgainEvenUnderItsOldName) {
    put(0, 100);
    ASSERT_TRUE(things->drop_property(kWho, "code"));
    EXPECT_FALSE(things->get(kWho, uuid_of("5"), false)->properties.contains("code"));
    EXPECT_FALSE(things->count(kWho, Filter{FilterOperator::equal, "code", "5", {}}));
    ASSERT_TRUE(things->add_property(kWho, {.name = "code"}));
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(count({FilterOperator::is_null, "code", true, {}}), 100U);
        EXPECT_FALSE(things->get(kWho, uuid_of("5"), false)->properties.contains("code"));
        reopen();
    }
    put(5, 6);
    EXPECT_EQ(count({FilterOperator::equal, "code", "5", {}}), 1U);
}

TEST_F(SchemaChangeTest, ATextBecomesANumberWhileWritesGoOn) {
    put(0, 150);
    Property changed{.name = "code", .type = DataType::integer};
    ASSERT_TRUE(things->change_property(kWho, changed));
    // Written and removed while the background reads.
    for (int i = 0; i < 150; i += 3) {
        WriteBatch batch;
        batch.removes.push_back(uuid_of(std::to_string(i)));
        ASSERT_TRUE(things->write(kWho, batch));
    }
    wait();
    ASSERT_TRUE(things->changes().empty());
    WriteBatch batch;
    for (int i = 150; i < 200; ++i) {
        batch.puts.push_back(thing(i));
        batch.puts.back().properties["code"] = i;
    }
    ASSERT_TRUE(things->write(kWho, batch));
    for (int round = 0; round < 2; ++round) {
        std::size_t expected = 0;
        for (int i = 100; i < 200; ++i)
            expected += static_cast<std::size_t>(i >= 150 || i % 3 != 0);
        EXPECT_EQ(count({FilterOperator::greater_equal, "code", 100, {}}), expected);
        const auto object = things->get(kWho, uuid_of("121"), false);
        EXPECT_EQ(object->properties.at("code"), json::Value(121));
        EXPECT_EQ(things->schema().find("code")->type, DataType::integer);
        reopen();
    }
}

TEST_F(SchemaChangeTest, AnotherTokenizationScoresAsIfItHadAlwaysBeenThere) {
    put(0, 120);
    Property changed{.name = "text", .tokenization = Tokenization::whitespace};
    ASSERT_TRUE(things->change_property(kWho, changed));
    put(60, 160);  // some anew, some more
    wait();
    ASSERT_TRUE(things->changes().empty());

    Schema same = schema();
    same.name = "Fresh";
    same.properties[0] = changed;
    const auto fresh = *database->create(kWho, same);
    for (int i = 0; i < 160; ++i) {
        WriteBatch batch;
        batch.puts.push_back(thing(i));
        ASSERT_TRUE(fresh->write(kWho, batch));
    }
    for (const std::string query : {"Alpha-77", "common", "Alpha-3 common"}) {
        const auto found = things->search(kWho, {.query = query, .limit = 5})->hits;
        const auto expected = fresh->search(kWho, {.query = query, .limit = 5})->hits;
        ASSERT_EQ(found.size(), expected.size()) << query;
        for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_NEAR(found[i].score, expected[i].score, 1e-6) << query;
    }
    EXPECT_TRUE(things->search(kWho, {.query = "alpha"})->hits.empty());
}

TEST_F(SchemaChangeTest, AChangeThatAValueForbidsIsGivenUpAndSaysWhy) {
    put(0, 50);
    ASSERT_TRUE(things->change_property(kWho, {.name = "text", .type = DataType::number}));
    wait();
    ASSERT_EQ(things->changes().size(), 1U);
    EXPECT_NE(things->changes().front().failure.find("number"), std::string::npos);
    EXPECT_EQ(things->schema().find("text")->type, DataType::text);
    EXPECT_EQ(things->search(kWho, {.query = "common", .limit = 100})->hits.size(), 50U);
    const Property place{.name = "text", .type = DataType::geo};
    EXPECT_EQ(things->change_property(kWho, place).error().code, ErrorCode::unsupported);
}

TEST_F(SchemaChangeTest, ACollectionIsRenamedAndFoundUnderItsAliases) {
    put(0, 10);
    ASSERT_TRUE(database->put_alias(kWho, {"Current", "Thing"}));
    EXPECT_EQ(database->put_alias(kWho, {"X", "Absent"}).error().code, ErrorCode::not_found);
    EXPECT_EQ(database->put_alias(kWho, {"Thing", "Thing"}).error().code, ErrorCode::conflict);
    ASSERT_TRUE(database->rename(kWho, "Thing", "Article"));
    for (int round = 0; round < 2; ++round) {
        for (const std::string name : {"Article", "Thing", "Current"}) {
            const auto opened = database->open(kWho, name);
            ASSERT_TRUE(opened) << name;
            EXPECT_EQ((*opened)->schema().name, "Article");
            EXPECT_EQ(*(*opened)->count(kWho, {}), 10U);
        }
        EXPECT_EQ(database->schemas(kWho).size(), 1U);
        EXPECT_EQ(database->aliases(kWho).size(), 2U);
        things.reset();
        database.reopen();
    }
    ASSERT_TRUE(database->remove_alias(kWho, "Thing"));
    EXPECT_FALSE(database->open(kWho, "Thing"));
    ASSERT_TRUE(database->drop(kWho, "Article"));
    EXPECT_FALSE(database->open(kWho, "Current"));
    EXPECT_TRUE(database->aliases(kWho).empty());
    EXPECT_TRUE(database->create(kWho, Schema{.name = "Current", .properties = {}}));
}

TEST_F(SchemaChangeTest, UnknownPropertiesAreInferredAsTheRulesSay) {
    Object object;
    object.id = uuid_of("x");
    object.properties = {
        {"number", 3},
        {"yes", true},
        {"day", "2026-11-21T20:00:00Z"},
        {"naive", "2026-11-21T20:00:00"},
        {"key", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
        {"where", json::Object{{"latitude", 1.5}, {"longitude", 2}}},
        {"inner", json::Object{{"name", "n"}, {"count", 1}}},
        {"list", json::Array{"a", "b"}},
        {"nothing_yet", json::Array{}},
        {"ref",
         json::Array{json::Object{
             {"beacon", "weaviate://localhost/City/6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
         }}},
    };
    ASSERT_TRUE(fit_schema(*things, kWho, std::array{object}));
    const Schema schema = things->schema();
    const auto type = [&](std::string_view name) { return schema.find(name)->type; };
    EXPECT_EQ(type("number"), DataType::number);
    EXPECT_EQ(type("yes"), DataType::boolean);
    EXPECT_EQ(type("day"), DataType::date);
    EXPECT_EQ(type("naive"), DataType::text);
    EXPECT_EQ(type("key"), DataType::uuid);
    EXPECT_EQ(type("where"), DataType::geo);
    EXPECT_EQ(type("inner"), DataType::object);
    EXPECT_EQ(schema.find("inner")->nested.size(), 2U);
    EXPECT_TRUE(schema.find("list")->array);
    EXPECT_EQ(type("nothing_yet"), DataType::text);
    EXPECT_EQ(schema.find("ref")->targets, std::vector<std::string>{"City"});
    WriteBatch batch;
    batch.puts.push_back(object);
    ASSERT_TRUE(things->write(kWho, batch));
    EXPECT_EQ(
        things->get(kWho, object.id, false)->properties.at("ref"),
        json::Value(json::Array{"City/6ba7b810-9dad-11d1-80b4-00c04fd430c8"})
    );
    // A beacon may leave the only collection out, once there is one.
    object.properties["ref"] = json::Array{
        json::Object{{"beacon", "weaviate://localhost/6ba7b810-9dad-11d1-80b4-00c04fd430c8"}}
    };
    ASSERT_TRUE(fit_schema(*things, kWho, std::array{object}));
    EXPECT_TRUE(things->check(kWho, object));
    // A member more is no other property.
    object.properties["inner"] = json::Object{{"street", "s"}};
    EXPECT_FALSE(things->check(kWho, object));
    ASSERT_TRUE(fit_schema(*things, kWho, std::array{object}));
    EXPECT_TRUE(things->check(kWho, object));
}

TEST_F(SchemaChangeTest, ADroppedVectorIsGoneAndItsNameIsFree) {
    ASSERT_TRUE(things->add_vector(kWho, {.name = "old", .distance = Distance::dot}));
    ASSERT_TRUE(things->add_vector(kWho, {.name = "kept", .distance = Distance::l2_squared}));
    const auto with = [](int i, std::map<std::string, std::vector<float>> vectors) {
        Object object = thing(i);
        object.vectors = std::move(vectors);
        WriteBatch batch;
        batch.puts.push_back(std::move(object));
        return batch;
    };
    for (int i = 0; i < 60; ++i) {
        const auto x = static_cast<float>(i);
        ASSERT_TRUE(things->write(kWho, with(i, {{"old", {x, 1}}, {"kept", {x, 2, 3}}})));
    }
    EXPECT_EQ(things->drop_vector(kWho, "none").error().code, ErrorCode::not_found);
    ASSERT_TRUE(things->drop_vector(kWho, "old"));
    ASSERT_TRUE(things->add_vector(kWho, {.name = "old", .distance = Distance::cosine}));
    // Of another length than the former one's.
    ASSERT_TRUE(things->write(kWho, with(60, {{"old", {1, 0, 0, 0}}})));
    for (int round = 0; round < 2; ++round) {
        const auto kept = things->get(kWho, uuid_of("7"), true);
        ASSERT_TRUE(kept);
        EXPECT_EQ(kept->vectors, (std::map<std::string, std::vector<float>>{{"kept", {7, 2, 3}}}));
        SearchRequest near{.vector = {1, 0, 0, 0}, .alpha = 1, .limit = 100, .vector_name = "old"};
        const auto found = things->search(kWho, near);
        ASSERT_TRUE(found) << found.error().message;
        ASSERT_EQ(found->hits.size(), 1U);
        EXPECT_EQ(found->hits.front().object.id, uuid_of("60"));
        near.vector = {7, 2, 3};
        near.vector_name = "kept";
        EXPECT_EQ(things->search(kWho, near)->hits.front().object.id, uuid_of("7"));
        reopen();
    }
}

TEST_F(SchemaChangeTest, ModifyingTogetherLosesNothing) {
    put(0, 1);
    constexpr int kThreads = 4;
    constexpr int kTimes = 25;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([this] {
                for (int i = 0; i < kTimes; ++i) {
                    const Status done = things->modify(kWho, uuid_of("0"), [](Object& object) {
                        object.properties["size"] = json::int_or(object.properties, "size", 0) + 1;
                        return Status(Ok{});
                    });
                    EXPECT_TRUE(done) << done.error().message;
                }
            });
        }
    }
    const auto object = things->get(kWho, uuid_of("0"), false);
    EXPECT_EQ(json::int_or(object->properties, "size", 0), kThreads * kTimes);
    EXPECT_EQ(
        things->modify(kWho, uuid_of("absent"), [](Object&) { return Status(Ok{}); }).error().code,
        ErrorCode::not_found
    );
}

TEST_F(SchemaChangeTest, CreateAndReplaceLookWhetherTheObjectIsThere) {
    WriteBatch batch;
    batch.puts.push_back(thing(1));
    batch.mode = WriteBatch::Mode::replace;
    EXPECT_EQ(things->write(kWho, batch).error().code, ErrorCode::not_found);
    batch.mode = WriteBatch::Mode::create;
    EXPECT_TRUE(things->write(kWho, batch));
    EXPECT_EQ(things->write(kWho, batch).error().code, ErrorCode::conflict);
    batch.mode = WriteBatch::Mode::replace;
    EXPECT_TRUE(things->write(kWho, batch));
    EXPECT_EQ(*things->count(kWho, {}), 1U);
}

}  // namespace
}  // namespace moat::collections
