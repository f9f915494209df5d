#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <tuple>

#include <gtest/gtest.h>

#include "collections/test_database.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();

Schema article_schema() {
    return Schema{
        .name = "Article",
        .properties =
            {{.name = "title"},
             {.name = "text"},
             {.name = "category", .tokenization = Tokenization::field},
             {.name = "year", .type = DataType::integer},
             {.name = "price", .type = DataType::number},
             {.name = "draft", .type = DataType::boolean},
             {.name = "at", .type = DataType::date},
             {.name = "tags", .array = true, .tokenization = Tokenization::field}},
        .distance = Distance::cosine,
        .dimensions = 0,
    };
}

Object article(std::string_view name, json::Object properties, std::vector<float> vector = {}) {
    return Object{uuid_of(name), std::move(properties), std::move(vector), 0, 0};
}

Status put(Collection& collection, std::vector<Object> objects) {
    return collection.write(kWho, WriteBatch{{}, std::move(objects)});
}

std::set<std::string> names_of(const std::vector<Object>& objects) {
    std::set<std::string> names;
    for (const Object& object : objects)
        names.insert(json::string_or(object.properties, "title"));
    return names;
}

struct DatabaseTest : testing::Test {
    TestDatabase database;
    std::shared_ptr<Collection> articles = *database->create(kWho, article_schema());

    void reopen() {
        articles.reset();
        database.reopen();
        articles = *database->open(kWho, "Article");
    }
    std::set<std::string> where(const Filter& filter) {
        auto found = articles->list(kWho, {.limit = 100, .filter = filter});
        EXPECT_TRUE(found) << found.error().message;
        if (!found) return {"error"};
        EXPECT_EQ(*articles->count(kWho, filter), found->size());
        return names_of(*found);
    }
    std::vector<std::string> titles(const SearchRequest& request) {
        auto hits = articles->search(kWho, request);
        EXPECT_TRUE(hits) << hits.error().message;
        std::vector<std::string> out;
        if (!hits) return out;
        for (const SearchHit& hit : hits->hits)
            out.push_back(json::string_or(hit.object.properties, "title"));
        return out;
    }
};

TEST_F(DatabaseTest, GivesBackWhatWasWrittenAlsoAfterReopening) {
    const json::Object properties{
        {"title", "a"},
        {"text", "数据库"},
        {"year", 2026},
        {"price", 0.1},
        {"draft", true},
        {"at", "2026-11-21T10:00:00Z"},
        {"tags", json::Array{"x", "y"}},
        {"category", nullptr},
    };
    const std::vector<float> vector{0.25F, -3.5F, 1e-7F};
    ASSERT_TRUE(put(*articles, {article("a", properties, vector)}));
    for (int round = 0; round < 2; ++round) {
        const auto object = articles->get(kWho, uuid_of("a"), true);
        ASSERT_TRUE(object) << object.error().message;
        EXPECT_EQ(object->properties, properties);
        EXPECT_EQ(object->vector, vector);
        EXPECT_GT(object->created_ms, 0);
        EXPECT_EQ(articles->schema().dimensions, 3U);
        EXPECT_EQ(*articles->count(kWho, {}), 1U);
        reopen();
    }
}

TEST_F(DatabaseTest, ReplacesAndRemovesWithinOneBatch) {
    ASSERT_TRUE(
        put(*articles,
            {article("a", {{"title", "old"}, {"text", "alpha"}}),
             article("b", {{"title", "b"}, {"text", "alpha"}})})
    );
    const auto created = articles->get(kWho, uuid_of("a"), false)->created_ms;
    WriteBatch batch;
    batch.removes = {uuid_of("b"), uuid_of("never there")};
    batch.puts = {article("a", {{"title", "new"}, {"text", "beta"}})};
    ASSERT_TRUE(articles->write(kWho, batch));
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(articles->get(kWho, uuid_of("a"), false)->created_ms, created);
        EXPECT_EQ(articles->get(kWho, uuid_of("b"), false).error().code, ErrorCode::not_found);
        EXPECT_EQ(*articles->count(kWho, {}), 1U);
        EXPECT_EQ(titles({.query = "alpha"}), std::vector<std::string>{});
        EXPECT_EQ(titles({.query = "beta"}), std::vector<std::string>{"new"});
        reopen();
    }
}

TEST_F(DatabaseTest, KeepsTheLastOfARepeatedId) {
    ASSERT_TRUE(
        put(*articles, {article("a", {{"title", "first"}}), article("a", {{"title", "second"}})})
    );
    EXPECT_EQ(*articles->count(kWho, {}), 1U);
    EXPECT_EQ(
        json::string_or(articles->get(kWho, uuid_of("a"), false)->properties, "title"), "second"
    );
}

TEST_F(DatabaseTest, RefusesAWholeBatchForOneBadObject) {
    const auto refused = [&](json::Object bad, std::vector<float> vector, std::string_view named) {
        const Status status =
            put(*articles,
                {article("good", {{"title", "good"}}, {1, 0}),
                 article("bad", std::move(bad), std::move(vector))});
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(status.error().message.find(named), std::string::npos) << status.error().message;
        EXPECT_EQ(*articles->count(kWho, {}), 0U);
    };
    refused({{"year", "2026"}}, {}, "'year'");
    refused({{"year", 1.5}}, {}, "'year'");
    refused({{"title", 1}}, {}, "'title'");
    refused({{"tags", "x"}}, {}, "'tags'");
    refused({{"at", "yesterday"}}, {}, "'at'");
    refused({{"colour", "red"}}, {}, "'colour'");
    refused({}, {1, 0, 0}, "dimensions");
    refused({}, {1, std::numeric_limits<float>::quiet_NaN()}, "finite");
}

TEST_F(DatabaseTest, FiltersByEveryOperator) {
    ASSERT_TRUE(
        put(*articles,
            {article(
                 "a",
                 {{"title", "a"},
                  {"text", "the quick brown fox"},
                  {"category", "news"},
                  {"year", 2020},
                  {"price", 1.5},
                  {"draft", true},
                  {"at", "2020-01-01T00:00:00Z"},
                  {"tags", json::Array{"x", "y"}}}
             ),
             article(
                 "b",
                 {{"title", "b"},
                  {"text", "lazy dogs, quick"},
                  {"category", "News"},
                  {"year", 2021},
                  {"price", -2},
                  {"draft", false},
                  {"at", "2021-06-01T12:00:00+08:00"},
                  {"tags", json::Array{"y"}}}
             ),
             article("c", {{"title", "c"}, {"category", "sport"}, {"year", 2022}})})
    );
    using enum FilterOperator;
    using Names = std::set<std::string>;
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(where({equal, "category", "news", {}}), Names{"a"});
        EXPECT_EQ(where({equal, "text", "Quick FOX", {}}), Names{"a"});
        EXPECT_EQ(where({equal, "text", "quick", {}}), (Names{"a", "b"}));
        EXPECT_EQ(where({not_equal, "category", "news", {}}), (Names{"b", "c"}));
        EXPECT_EQ(where({greater, "year", 2020, {}}), (Names{"b", "c"}));
        EXPECT_EQ(where({greater_equal, "year", 2020.5, {}}), (Names{"b", "c"}));
        EXPECT_EQ(where({less_equal, "year", 2021, {}}), (Names{"a", "b"}));
        EXPECT_EQ(where({less, "price", 0, {}}), Names{"b"});
        EXPECT_EQ(where({equal, "draft", false, {}}), Names{"b"});
        EXPECT_EQ(where({less, "at", "2021-06-01T04:00:01Z", {}}), (Names{"a", "b"}));
        EXPECT_EQ(where({less, "at", "2021-06-01T04:00:00Z", {}}), Names{"a"});
        EXPECT_EQ(where({equal, "tags", "x", {}}), Names{"a"});
        EXPECT_EQ(where({contains_any, "tags", json::Array{"x", "z"}, {}}), Names{"a"});
        EXPECT_EQ(where({contains_all, "tags", json::Array{"x", "y"}, {}}), Names{"a"});
        EXPECT_EQ(where({contains_any, "year", json::Array{2020, 2022}, {}}), (Names{"a", "c"}));
        EXPECT_EQ(where({like, "category", "?ews", {}}), (Names{"a", "b"}));
        EXPECT_EQ(where({like, "category", "n*", {}}), Names{"a"});
        EXPECT_EQ(where({like, "text", "D*G?", {}}), Names{"b"});
        EXPECT_EQ(where({is_null, "price", true, {}}), Names{"c"});
        EXPECT_EQ(where({is_null, "text", false, {}}), (Names{"a", "b"}));
        EXPECT_EQ(where({greater, "category", "news", {}}), Names{"c"});
        EXPECT_EQ(where({equal, "_id", json::String(uuid_of("b").text()), {}}), Names{"b"});
        const Filter year{greater, "year", 2020, {}};
        const Filter draft{equal, "draft", false, {}};
        EXPECT_EQ(where({all_of, "", nullptr, {year, draft}}), Names{"b"});
        EXPECT_EQ(
            where({any_of, "", nullptr, {draft, {equal, "title", "a", {}}}}), (Names{"a", "b"})
        );
        EXPECT_EQ(where({none_of, "", nullptr, {year}}), Names{"a"});
        reopen();
    }
    const auto wrong = articles->count(kWho, Filter{equal, "colour", "red", {}});
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("'colour'"), std::string::npos);
    EXPECT_FALSE(articles->count(kWho, Filter{equal, "year", "x", {}}));
}

TEST_F(DatabaseTest, SearchesByKeywordsByVectorAndByBoth) {
    ASSERT_TRUE(
        put(*articles,
            {article("a", {{"title", "a"}, {"text", "red apple"}}, {1, 0}),
             article("b", {{"title", "b"}, {"text", "red car"}}, {0, 1}),
             article("c", {{"title", "c"}, {"text", "blue"}}, {0.8F, 0.6F})})
    );
    EXPECT_EQ(titles({.query = "apple"}), std::vector<std::string>{"a"});
    EXPECT_EQ(titles({.vector = {0, 2}}), (std::vector<std::string>{"b", "c", "a"}));
    // keyword: a 1, b absent, c absent; vector: a 1, c 0.8, b 0 -> a, c, b
    EXPECT_EQ(
        titles({.query = "apple", .vector = {1, 0}}), (std::vector<std::string>{"a", "c", "b"})
    );
    const auto hits = articles->search(kWho, {.query = "apple", .vector = {1, 0}})->hits;
    EXPECT_FLOAT_EQ(hits[0].score, 1);
    EXPECT_FLOAT_EQ(hits[1].score, 0.4F);
    EXPECT_FLOAT_EQ(*hits[1].distance, 0.2F);
    EXPECT_TRUE(hits[0].keyword_score);
    EXPECT_FALSE(hits[1].keyword_score);
    const Filter not_a{FilterOperator::not_equal, "title", "a", {}};
    EXPECT_EQ(titles({.vector = {1, 0}, .filter = not_a}), (std::vector<std::string>{"c", "b"}));
    EXPECT_EQ(titles({.vector = {1, 0}, .limit = 1, .offset = 1}), std::vector<std::string>{"c"});
    EXPECT_FALSE(articles->search(kWho, {}));
    EXPECT_FALSE(articles->search(kWho, {.vector = {1, 0, 0}}));
    EXPECT_FALSE(articles->search(kWho, {.query = "x", .properties = {{"year", 1.0F}}}));
}

TEST_F(DatabaseTest, ListsInOrderOfIdsFromACursor) {
    std::vector<Object> objects;
    for (int i = 0; i < 25; ++i)
        objects.push_back(article(std::to_string(i), {{"year", i}}));
    ASSERT_TRUE(put(*articles, objects));
    std::set<Uuid> expected;
    for (const Object& object : objects)
        expected.insert(object.id);
    std::vector<Uuid> seen;
    std::optional<Uuid> after;
    while (true) {
        const auto page = *articles->list(kWho, {.after = after, .limit = 10});
        if (page.empty()) break;
        for (const Object& object : page)
            seen.push_back(object.id);
        after = seen.back();
    }
    EXPECT_TRUE(std::ranges::equal(seen, expected));
}

TEST_F(DatabaseTest, ListsWhatAFilterLeavesInTheSameOrder) {
    std::vector<Object> objects;
    for (int i = 0; i < 40; ++i)
        objects.push_back(article(std::to_string(i), {{"year", i % 2}}));
    ASSERT_TRUE(put(*articles, objects));
    std::set<Uuid> expected;
    for (int i = 0; i < 40; i += 2)
        expected.insert(objects[static_cast<std::size_t>(i)].id);
    const Filter even{FilterOperator::equal, "year", 0, {}};
    for (const std::size_t limit : {std::size_t{3}, std::size_t{20}, std::size_t{100}}) {
        std::vector<Uuid> seen;
        std::optional<Uuid> after;
        while (true) {
            const auto page =
                *articles->list(kWho, {.after = after, .limit = limit, .filter = even});
            if (page.empty()) break;
            EXPECT_LE(page.size(), limit);
            for (const Object& object : page)
                seen.push_back(object.id);
            after = seen.back();
        }
        EXPECT_TRUE(std::ranges::equal(seen, expected)) << limit;
    }
    const Filter none{FilterOperator::equal, "year", 7, {}};
    EXPECT_TRUE(articles->list(kWho, {.limit = 100, .filter = none})->empty());
}

TEST_F(DatabaseTest, GrowsItsSchema) {
    ASSERT_TRUE(put(*articles, {article("a", {{"title", "a"}})}));
    const Property colour{.name = "colour", .tokenization = Tokenization::field};
    ASSERT_TRUE(articles->add_property(kWho, colour));
    ASSERT_TRUE(articles->add_property(kWho, colour));
    EXPECT_EQ(articles->add_property(kWho, {.name = "colour"}).error().code, ErrorCode::conflict);
    ASSERT_TRUE(put(*articles, {article("b", {{"title", "b"}, {"colour", "red"}})}));
    reopen();
    EXPECT_EQ(where({FilterOperator::equal, "colour", "red", {}}), std::set<std::string>{"b"});
    EXPECT_EQ(where({FilterOperator::is_null, "colour", true, {}}), std::set<std::string>{"a"});
}

TEST_F(DatabaseTest, DropsACollectionForGood) {
    ASSERT_TRUE(put(*articles, {article("a", {{"title", "a"}}, {1, 2})}));
    ASSERT_TRUE(database->drop(kWho, "Article"));
    EXPECT_EQ(articles->count(kWho, {}).error().code, ErrorCode::not_found);
    EXPECT_EQ(put(*articles, {article("b", {})}).error().code, ErrorCode::not_found);
    EXPECT_TRUE(database->drop(kWho, "Article"));
    EXPECT_EQ(database->open(kWho, "Article").error().code, ErrorCode::not_found);
    articles = *database->create(kWho, article_schema());
    EXPECT_EQ(*articles->count(kWho, {}), 0U);
    reopen();
    EXPECT_EQ(*articles->count(kWho, {}), 0U);
    EXPECT_EQ(database->create(kWho, article_schema()).error().code, ErrorCode::conflict);
}

TEST_F(DatabaseTest, AnswersNobodyNothing) {
    const Principal nobody;
    EXPECT_EQ(articles->write(nobody, {}).error().code, ErrorCode::unauthenticated);
    EXPECT_EQ(articles->count(nobody, {}).error().code, ErrorCode::unauthenticated);
    EXPECT_EQ(articles->search(nobody, {.query = "a"}).error().code, ErrorCode::unauthenticated);
    EXPECT_EQ(articles->get(nobody, Uuid{}, false).error().code, ErrorCode::unauthenticated);
    EXPECT_TRUE(database->schemas(nobody).empty());
    EXPECT_EQ(
        database->create(nobody, {.name = "X", .properties = {}}).error().code,
        ErrorCode::unauthenticated
    );
}

// A graph of 50 vectors is made by the background; until then searches scan.
TEST(Shards, TellHowManyVectorsWaitForTheirGraph) {
    TestDatabase database(UpkeepOptions{.graph_rows = 50});
    const auto articles = *database->create(kWho, article_schema());
    const auto write = [&](int begin, int end) {
        std::vector<Object> objects;
        for (int i = begin; i < end; ++i)
            objects.push_back(article(std::to_string(i), {}, {1, static_cast<float>(i)}));
        return put(*articles, std::move(objects));
    };
    ASSERT_TRUE(write(0, 49));
    auto shards = articles->shards(kWho);
    ASSERT_TRUE(shards);
    ASSERT_EQ(shards->size(), 1U);
    EXPECT_EQ(shards->front().objects, 49U);
    EXPECT_EQ(shards->front().waiting_vectors, 0U);  // so few have no graph
    EXPECT_FALSE(shards->front().compressed);
    ASSERT_TRUE(write(49, 400));
    for (int i = 0; i < 6000; ++i) {
        shards = articles->shards(kWho);
        ASSERT_TRUE(shards);
        EXPECT_LE(shards->front().waiting_vectors, 400U);
        if (shards->front().compressed && shards->front().waiting_vectors == 0) break;
        // Nothing was brought in, or all that is missing waits.
        if (!shards->front().compressed) EXPECT_EQ(shards->front().waiting_vectors, 400U);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(shards->front().compressed);
    EXPECT_EQ(shards->front().waiting_vectors, 0U);
    EXPECT_EQ(shards->front().objects, 400U);
}

TEST(Shards, OfTenantsThatAreNotOpenAreCounted) {
    TestDatabase database;
    Schema schema = article_schema();
    schema.tenancy.enabled = true;
    auto articles = *database->create(kWho, schema);
    const std::vector<Tenant> tenants{{"a"}, {"b"}, {"cold", false}};
    ASSERT_TRUE(articles->put_tenants(kWho, tenants));
    ASSERT_TRUE(put(**articles->tenant(kWho, "a", true), {article("1", {}), article("2", {})}));
    const auto told = [&] {
        std::vector<std::tuple<std::string, std::uint64_t, bool>> out;
        const auto shards = articles->shards(kWho);
        EXPECT_TRUE(shards);
        for (const ShardStatus& shard : *shards)
            out.emplace_back(shard.tenant, shard.objects, shard.open);
        return out;
    };
    using Told = std::vector<std::tuple<std::string, std::uint64_t, bool>>;
    EXPECT_EQ(told(), (Told{{"a", 2, true}, {"b", 0, false}}));
    articles.reset();
    database.reopen();
    articles = *database->open(kWho, "Article");
    EXPECT_EQ(told(), (Told{{"a", 2, false}, {"b", 0, false}}));
    ASSERT_TRUE(put(**articles->tenant(kWho, "a", true), {article("3", {})}));
    EXPECT_EQ(told(), (Told{{"a", 3, true}, {"b", 0, false}}));
}

}  // namespace
}  // namespace moat::collections
