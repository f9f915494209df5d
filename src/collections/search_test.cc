// What a search can be asked: several vectors, fewer hits, groups, order, reasons, statistics.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "collections/ranking.h"
#include "collections/test_database.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();

struct SearchTest : testing::Test {
    TestDatabase database{UpkeepOptions{.seal_rows = 40, .seal_removals = 100, .graph_rows = 1000}};
    std::shared_ptr<Collection> books = *database->create(kWho, schema());

    static Schema schema() {
        Schema schema;
        schema.name = "Book";
        schema.properties = {
            {.name = "title"},
            {.name = "body"},
            {.name = "shelf", .tokenization = Tokenization::field},
            {.name = "tags", .array = true, .tokenization = Tokenization::field},
            {.name = "pages", .type = DataType::integer},
            {.name = "price", .type = DataType::number},
            {.name = "lent", .type = DataType::boolean},
            {.name = "at", .type = DataType::date},
        };
        schema.distance = Distance::l2_squared;
        schema.vectors = {{.name = "cover", .distance = Distance::cosine}, {.name = "plot"}};
        schema.stopwords.english = true;
        schema.stopwords.additions = {"moat"};
        return schema;
    }
    static Object book(int i, json::Object properties) {
        Object object;
        object.id = uuid_of(std::to_string(i));
        object.properties = std::move(properties);
        return object;
    }
    void put(std::vector<Object> objects) {
        const Status written = books->write(kWho, WriteBatch{{}, std::move(objects)});
        ASSERT_TRUE(written) << written.error().message;
    }
    std::vector<std::string> titles(const SearchRequest& request) const {
        const auto found = books->search(kWho, request);
        EXPECT_TRUE(found) << found.error().message;
        std::vector<std::string> out;
        if (!found) return out;
        for (const SearchHit& hit : found->hits)
            out.push_back(json::string_or(hit.object.properties, "title"));
        return out;
    }
};

using Titles = std::vector<std::string>;

TEST_F(SearchTest, EachNamedVectorHasItsOwnDistanceAndDimensions) {
    Object a = book(1, {{"title", "a"}});
    a.vector = {0, 0, 0};
    a.vectors = {{"cover", {1, 0}}, {"plot", {1, 1, 1, 1}}};
    Object b = book(2, {{"title", "b"}});
    b.vectors = {{"cover", {100, 1}}};
    Object c = book(3, {{"title", "c"}});
    c.vector = {1, 1, 1};
    put({a, b, c});
    for (int round = 0; round < 2; ++round) {
        // By direction, b is nearly a.
        EXPECT_EQ(titles({.vector = {1, 0}, .vector_name = "cover"}), (Titles{"a", "b"}));
        EXPECT_EQ(titles({.vector = {1, 1, 1}}), (Titles{"c", "a"}));
        const auto hits = books->search(kWho, {.vector = {0, 2, 0}})->hits;
        EXPECT_FLOAT_EQ(*hits[0].distance, 3);
        EXPECT_FLOAT_EQ(*hits[1].distance, 4);
        EXPECT_EQ(books->get(kWho, a.id, true)->vectors, a.vectors);
        EXPECT_EQ(books->get(kWho, b.id, true)->vectors, b.vectors);
        EXPECT_TRUE(books->get(kWho, b.id, true)->vector.empty());
        EXPECT_EQ(books->schema().vectors[0].dimensions, 2U);
        EXPECT_EQ(books->schema().dimensions, 3U);
        EXPECT_FALSE(books->search(kWho, {.vector = {1, 0, 0}, .vector_name = "cover"}));
        EXPECT_FALSE(books->search(kWho, {.vector = {1, 0}, .vector_name = "absent"}));
        books.reset();
        database.reopen();
        books = *database->open(kWho, "Book");
    }
    b.vectors = {{"plot", {0, 0, 0, 1}}};
    put({b});
    EXPECT_EQ(titles({.vector = {1, 0}, .vector_name = "cover"}), (Titles{"a"}));
    Object bad = book(4, {});
    bad.vectors = {{"cover", {1, 0, 0}}};
    EXPECT_FALSE(books->write(kWho, WriteBatch{{}, {bad}}));
    ASSERT_TRUE(books->add_vector(kWho, {.name = "late"}));
    EXPECT_EQ(books->add_vector(kWho, {.name = "late"}).error().code, ErrorCode::conflict);
    bad.vectors = {{"late", {1}}};
    put({bad});
    EXPECT_EQ(titles({.vector_name = "cover", .near_object = a.id}).front(), "a");
}

TEST_F(SearchTest, NearObjectAndADistanceLimitChooseTheHits) {
    std::vector<Object> objects;
    for (int i = 0; i < 10; ++i) {
        objects.push_back(book(i, {{"title", std::to_string(i)}}));
        objects.back().vector = {static_cast<float>(i), 0, 0};
    }
    put(objects);
    EXPECT_EQ(titles({.near_object = uuid_of("3"), .max_distance = 1.5F}), (Titles{"3", "2", "4"}));
    EXPECT_EQ(
        books->search(kWho, {.near_object = uuid_of("none")}).error().code, ErrorCode::not_found
    );
    EXPECT_FALSE(books->search(kWho, {.vector = {1, 0, 0}, .near_object = uuid_of("3")}));
}

TEST_F(SearchTest, StopwordsAreNotLookedForUnlessTheQueryHasNothingElse) {
    put({
        book(1, {{"title", "a"}, {"body", "the moat and the castle"}}),
        book(2, {{"title", "b"}, {"body", "the the the moat"}}),
    });
    EXPECT_EQ(titles({.query = "the castle of moat"}), (Titles{"a"}));
    EXPECT_EQ(titles({.query = "the"}).size(), 2U);
    EXPECT_EQ(*books->count(kWho, Filter{FilterOperator::equal, "body", "the castle", {}}), 1U);
}

TEST_F(SearchTest, EnoughTermsMustStandTogetherAcrossProperties) {
    put({
        book(1, {{"title", "red"}, {"body", "green blue"}}),
        book(2, {{"title", "red green"}, {"body", "red"}}),
        book(3, {{"title", "blue"}}),
    });
    EXPECT_EQ(titles({.query = "red green blue"}).size(), 3U);
    EXPECT_EQ(titles({.query = "red green blue", .every_term = true}), (Titles{"red"}));
    EXPECT_EQ(titles({.query = "red green blue", .least_terms = 2}).size(), 2U);
    EXPECT_TRUE(titles({.query = "red absent", .every_term = true}).empty());
}

TEST_F(SearchTest, AutocutEndsBeforeAJump) {
    EXPECT_EQ(cut_at_jumps(std::array{0.1, 0.12, 0.13, 0.9, 0.91}, 1), 3U);
    EXPECT_EQ(cut_at_jumps(std::array{1.0, 1.0, 1.0}, 1), 3U);
    EXPECT_EQ(cut_at_jumps(std::array{0.9, 0.89, 0.3, 0.29, 0.05, 0.04}, 2), 4U);
    EXPECT_EQ(cut_at_jumps(std::array{0.5}, 1), 1U);
    std::vector<Object> objects;
    for (int i = 0; i < 6; ++i) {
        objects.push_back(book(i, {{"title", std::to_string(i)}}));
        objects.back().vector = {i < 3 ? 0.1F * static_cast<float>(i) : 50.0F, 0, 0};
    }
    put(objects);
    EXPECT_EQ(titles({.vector = {0, 0, 0}, .autocut = 1}), (Titles{"0", "1", "2"}));
}

TEST_F(SearchTest, GroupsHoldTheirBestHitsInOrder) {
    std::vector<Object> objects;
    const std::array shelves{"x", "y", "x", "x", "z", "y"};
    for (int i = 0; i < 6; ++i) {
        objects.push_back(book(
            i,
            {{"title", std::to_string(i)},
             {"shelf", shelves[static_cast<std::size_t>(i)]},
             {"tags", json::Array{"t", i % 2 == 0 ? "even" : "odd"}}}
        ));
        objects.back().vector = {static_cast<float>(i), 0, 0};
    }
    put(objects);
    const auto result = *books->search(
        kWho,
        {.vector = {0, 0, 0},
         .group_by = GroupBy{.property = "shelf", .groups = 2, .objects_per_group = 2}}
    );
    ASSERT_EQ(result.groups.size(), 2U);
    const auto titles_of = [&](const SearchGroup& group, const SearchResult& from) {
        Titles out;
        for (const std::size_t hit : group.hits)
            out.push_back(json::string_or(from.hits[hit].object.properties, "title"));
        return out;
    };
    EXPECT_EQ(result.groups[0].value, json::Value("x"));
    EXPECT_EQ(titles_of(result.groups[0], result), (Titles{"0", "2"}));
    EXPECT_EQ(titles_of(result.groups[1], result), (Titles{"1", "5"}));
    EXPECT_EQ(result.hits.size(), 4U);
    const auto by_tag =
        *books->search(kWho, {.vector = {0, 0, 0}, .group_by = GroupBy{.property = "tags"}});
    ASSERT_EQ(by_tag.groups.size(), 3U);
    EXPECT_EQ(titles_of(by_tag.groups[2], by_tag), (Titles{"1", "3", "5"}));
}

TEST_F(SearchTest, ListsAndHitsAreSortedByProperties) {
    std::vector<Object> objects;
    for (int i = 0; i < 60; ++i) {
        json::Object properties{
            {"title", fmt::format("{:02}", i)}, {"shelf", i % 2 == 0 ? "b" : "a"}
        };
        if (i % 5 != 0) properties["pages"] = i * 7 % 13;
        objects.push_back(book(i, std::move(properties)));
        objects.back().vector = {static_cast<float>(i), 0, 0};
    }
    put(objects);
    std::ranges::sort(objects, [](const Object& a, const Object& b) {
        const auto key = [](const Object& object) {
            const bool absent = !object.properties.contains("pages");
            return std::tuple(
                json::string_or(object.properties, "shelf"),
                absent,
                -json::int_or(object.properties, "pages", 0),
                json::string_or(object.properties, "title")
            );
        };
        return key(a) < key(b);
    });
    const std::vector<Sort> sort{{"shelf", false}, {"pages", true}};
    const auto listed = *books->list(kWho, {.limit = 20, .offset = 15, .sort = sort});
    ASSERT_EQ(listed.size(), 20U);
    for (std::size_t i = 0; i < 20; ++i)
        EXPECT_EQ(listed[i].id, objects[i + 15].id) << i;
    const auto hits = books->search(kWho, {.vector = {0, 0, 0}, .limit = 60, .sort = sort})->hits;
    for (std::size_t i = 0; i < 60; ++i)
        EXPECT_EQ(hits[i].object.id, objects[i].id) << i;
    EXPECT_FALSE(books->list(kWho, {.sort = {{"absent", false}}}));
    EXPECT_FALSE(books->list(kWho, {.limit = 10'000, .offset = 1}));
    const auto offset = *books->list(kWho, {.limit = 5, .offset = 7});
    const auto from_start = *books->list(kWho, {.limit = 12});
    EXPECT_EQ(offset.front().id, from_start[7].id);
}

// Written out as the definition has it, over all orders of picking the next one.
TEST_F(SearchTest, DiversityPicksByMaximalMarginalRelevance) {
    std::mt19937 random(5);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<Object> objects;
    for (int i = 0; i < 30; ++i) {
        objects.push_back(book(i, {{"title", std::to_string(i)}}));
        objects.back().vector = {uniform(random), uniform(random), uniform(random)};
    }
    put(objects);
    const std::vector<float> query{0.3F, 0.1F, -0.2F};
    const auto apart = [](const std::vector<float>& a, const std::vector<float>& b) {
        double sum = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
            sum += std::pow(double{a[i]} - double{b[i]}, 2);
        return sum;
    };
    Titles expected;
    std::vector<const Object*> picked;
    while (picked.size() < 6) {
        const Object* best = nullptr;
        double best_value = 0;
        for (const Object& object : objects) {
            if (std::ranges::find(picked, &object) != picked.end()) continue;
            double nearest = 1e30;
            for (const Object* other : picked)
                nearest = std::min(nearest, apart(object.vector, other->vector));
            const double value =
                -0.6 * apart(object.vector, query) + (picked.empty() ? 0 : 0.4 * nearest);
            if (best == nullptr || value > best_value) {
                best = &object;
                best_value = value;
            }
        }
        picked.push_back(best);
        expected.push_back(json::string_or(best->properties, "title"));
    }
    EXPECT_EQ(
        titles(
            {.vector = query, .limit = 6, .diversity = Diversity{.lambda = 0.6F, .candidates = 30}}
        ),
        expected
    );
}

TEST_F(SearchTest, AnExplanationNamesTermsAndWhatWasChosen) {
    put({book(1, {{"title", "castle"}, {"body", "castle castle wall"}, {"pages", 3}})});
    const auto result = *books->search(
        kWho,
        {.query = "castle",
         .filter = Filter{FilterOperator::greater, "pages", 1, {}},
         .explain = true}
    );
    ASSERT_EQ(result.hits.size(), 1U);
    EXPECT_NE(result.hits[0].explanation.find("body: \"castle\""), std::string::npos);
    EXPECT_NE(result.plan.front().find("filter: 1 of 1 objects"), std::string::npos);
}

TEST_F(SearchTest, StatisticsAgreeWithThoseWrittenOut) {
    std::vector<Object> objects;
    for (int i = 0; i < 100; ++i) {
        objects.push_back(book(
            i,
            {{"pages", i * 3 % 17},
             {"price", i * 0.5},
             {"lent", i % 4 == 0},
             {"at", fmt::format("2026-01-{:02}T00:00:00Z", 1 + i % 28)},
             {"shelf", i % 10 == 0 ? "rare" : (i % 2 == 0 ? "even" : "odd")}}
        ));
        objects.back().vector = {static_cast<float>(i), 0, 0};
    }
    put(objects);
    AggregateRequest request;
    request.properties = {{"pages"}, {"price"}, {"lent"}, {"at"}, {"shelf", 2}};
    auto all = books->aggregate(kWho, request)->front();
    EXPECT_EQ(all.count, 100U);
    std::vector<int> pages;
    for (int i = 0; i < 100; ++i)
        pages.push_back(i * 3 % 17);
    std::ranges::sort(pages);
    const double sum = std::accumulate(pages.begin(), pages.end(), 0.0);
    EXPECT_EQ(all.properties["pages"].minimum, json::Value(0));
    EXPECT_EQ(all.properties["pages"].maximum, json::Value(16));
    EXPECT_DOUBLE_EQ(*all.properties["pages"].mean, sum / 100);
    EXPECT_DOUBLE_EQ(*all.properties["pages"].sum, sum);
    EXPECT_DOUBLE_EQ(
        all.properties["pages"].median.to_number<double>(), (pages[49] + pages[50]) / 2.0
    );
    std::map<int, int> counts;
    for (const int each : pages)
        ++counts[each];
    const auto most =
        std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });
    EXPECT_EQ(all.properties["pages"].mode, json::Value(most->first));
    EXPECT_DOUBLE_EQ(*all.properties["price"].mean, 24.75);
    EXPECT_EQ(all.properties["lent"].total_true, 25U);
    EXPECT_EQ(all.properties["lent"].total_false, 75U);
    EXPECT_EQ(all.properties["at"].maximum, json::Value("2026-01-28T00:00:00Z"));
    ASSERT_EQ(all.properties["shelf"].top.size(), 2U);
    EXPECT_EQ(all.properties["shelf"].top[0].value, "odd");
    EXPECT_EQ(all.properties["shelf"].top[0].count, 50U);

    request.group_by = "shelf";
    request.filter = Filter{FilterOperator::less, "price", 10, {}};  // the first twenty
    const auto groups = *books->aggregate(kWho, request);
    ASSERT_EQ(groups.size(), 3U);
    EXPECT_EQ(groups[0].value, json::Value("odd"));
    EXPECT_EQ(groups[0].count, 10U);
    EXPECT_EQ(groups[2].value, json::Value("rare"));
    EXPECT_EQ(groups[2].count, 2U);

    AggregateRequest near;
    near.properties = {{"price"}};
    near.search = SearchRequest{.vector = {0, 0, 0}, .limit = 4};
    auto nearest = books->aggregate(kWho, near)->front();
    EXPECT_EQ(nearest.count, 4U);
    EXPECT_DOUBLE_EQ(*nearest.properties["price"].sum, 0.5 + 1 + 1.5);
    EXPECT_EQ(books->aggregate(kWho, {})->front().count, 100U);
}

// ---- time to live

class SetClock final : public Clock {
  public:
    Time now() const override { return from_unix_ms(ms.load()); }
    std::atomic<std::int64_t> ms = 1'800'000'000'000;
};

TEST(TimeToLiveTest, AnObjectThatOutlivedItsTimeIsNotSeen) {
    TempDir dir;
    const auto clock = std::make_shared<SetClock>();
    DatabaseParts parts;
    parts.store = *adapters::rocksdb_store::open_store(dir.path() / "store");
    parts.clock = clock;
    const auto database = *open_database(dir.path(), std::move(parts));
    Schema schema{
        .name = "Note", .properties = {{.name = "text"}, {.name = "due", .type = DataType::date}}
    };
    schema.ttl = TimeToLive{.property = "_updated_ms", .after = std::chrono::seconds(10)};
    const auto notes = *database->create(kWho, schema);
    const auto put = [&](const std::string& name) {
        Object object;
        object.id = uuid_of(name);
        object.properties = {{"text", name}, {"due", "2027-01-15T08:00:00Z"}};  // the clock's start
        ASSERT_TRUE(notes->write(kWho, WriteBatch{{}, {object}}));
    };
    put("old");
    clock->ms += 8'000;
    put("young");
    clock->ms += 3'000;
    EXPECT_EQ(notes->get(kWho, uuid_of("old"), false).error().code, ErrorCode::not_found);
    EXPECT_TRUE(notes->get(kWho, uuid_of("young"), false));
    EXPECT_EQ(*notes->count(kWho, {}), 1U);
    EXPECT_TRUE(notes->search(kWho, {.query = "old"})->hits.empty());
    EXPECT_EQ(notes->list(kWho, {})->size(), 1U);
    put("old");  // written again, it lives again
    EXPECT_EQ(*notes->count(kWho, {}), 2U);
    schema.ttl = TimeToLive{.property = "due", .after = std::chrono::seconds(60)};
    ASSERT_TRUE(notes->configure(kWho, schema));
    EXPECT_EQ(*notes->count(kWho, {}), 2U);
    clock->ms += 60'000;
    EXPECT_EQ(*notes->count(kWho, {}), 0U);
    schema.ttl = TimeToLive{.property = "text", .after = std::chrono::seconds(60)};
    EXPECT_FALSE(notes->configure(kWho, schema));
}

}  // namespace
}  // namespace moat::collections
