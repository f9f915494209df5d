// Random writes against a plain map of objects, which answers every question by looking at all.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "collections/test_database.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();
constexpr std::size_t kDimensions = 16;

// Everything that waits for thousands of rows happens after hundreds.
constexpr UpkeepOptions kEager{
    .seal_rows = 150, .seal_removals = 400, .graph_rows = 200, .checkpoint_rows = 100
};

using Words = std::vector<std::string>;

Words words_of(const Object& object) {
    std::istringstream text(json::string_or(object.properties, "text"));
    return {std::istream_iterator<std::string>(text), {}};
}

class Oracle {
  public:
    std::map<Uuid, Object> objects;

    void apply(const WriteBatch& batch) {
        for (const Uuid& id : batch.removes)
            objects.erase(id);
        for (const Object& object : batch.puts)
            objects[object.id] = object;
    }
    // BM25 written out over the one text property.
    std::map<Uuid, double> keyword_scores(const std::set<std::string>& query) const {
        double total = 0;
        double with_text = 0;
        std::map<std::string, double> having;
        for (const auto& [id, object] : objects) {
            const Words words = words_of(object);
            if (words.empty()) continue;
            ++with_text;
            total += static_cast<double>(words.size());
            for (const auto& word : std::set<std::string>(words.begin(), words.end()))
                ++having[word];
        }
        const double average = total / std::max(with_text, 1.0);
        std::map<Uuid, double> scores;
        for (const auto& [id, object] : objects) {
            const Words words = words_of(object);
            double score = 0;
            for (const std::string& word : query) {
                const auto f = static_cast<double>(std::ranges::count(words, word));
                const double n = having[word];
                const double count = static_cast<double>(objects.size());
                const double idf = std::log(1 + (count - n + 0.5) / (n + 0.5));
                const double length = static_cast<double>(words.size());
                score += idf * f / (f + 1.2 * (0.25 + 0.75 * length / average));
            }
            if (score > 0) scores[id] = score;
        }
        return scores;
    }
    std::map<Uuid, double> distances(const std::vector<float>& query) const {
        std::map<Uuid, double> out;
        for (const auto& [id, object] : objects) {
            if (object.vector.empty()) continue;
            double sum = 0;
            for (std::size_t i = 0; i < query.size(); ++i) {
                sum += std::pow(double{query[i]} - double{object.vector[i]}, 2);
            }
            out[id] = sum;
        }
        return out;
    }
};

struct OracleTest : testing::TestWithParam<unsigned> {
    TestDatabase database{kEager};
    Oracle oracle;
    std::mt19937 random{GetParam()};
    std::shared_ptr<Collection> things = *database->create(
        kWho,
        Schema{
            .name = "Things",
            .properties =
                {{.name = "text"},
                 {.name = "kind", .tokenization = Tokenization::field, .searchable = false},
                 {.name = "size", .type = DataType::integer}},
            .distance = Distance::l2_squared,
            .dimensions = 0,
        }
    );

    std::size_t below(std::size_t end) { return random() % end; }

    std::vector<float> vector() {
        std::normal_distribution<float> normal;
        std::vector<float> out(kDimensions);
        for (float& x : out)
            x = normal(random);
        return out;
    }
    std::string word() { return "w" + std::to_string(std::min(below(60), below(60))); }

    Object object() {
        Object object;
        object.id = uuid_of(std::to_string(below(500)));
        std::string text;
        for (std::size_t i = below(12); i > 0; --i)
            text += word() + " ";
        if (!text.empty()) object.properties["text"] = text;
        object.properties["kind"] = "k" + std::to_string(below(5));
        if (below(4) != 0) object.properties["size"] = static_cast<std::int64_t>(below(100));
        if (below(8) != 0) object.vector = vector();
        return object;
    }
    WriteBatch batch() {
        WriteBatch batch;
        for (std::size_t i = below(20); i > 0; --i)
            batch.puts.push_back(object());
        for (std::size_t i = below(6); i > 0; --i) {
            batch.removes.push_back(uuid_of(std::to_string(below(500))));
        }
        return batch;
    }

    void check_objects() {
        EXPECT_EQ(*things->count(kWho, {}), oracle.objects.size());
        auto expected = oracle.objects.begin();
        const auto listed = *things->list(kWho, {.limit = 10'000, .with_vector = true});
        ASSERT_EQ(listed.size(), oracle.objects.size());
        for (const Object& found : listed) {
            EXPECT_EQ(found.id, expected->first);
            EXPECT_EQ(found.properties, expected->second.properties);
            EXPECT_EQ(found.vector, expected->second.vector);
            ++expected;
        }
    }

    void check_filter(
        const Filter& filter, const std::function<bool(const json::Object&)>& passes
    ) {
        std::set<Uuid> expected;
        for (const auto& [id, object] : oracle.objects) {
            if (passes(object.properties)) expected.insert(id);
        }
        std::set<Uuid> found;
        for (const Object& object : *things->list(kWho, {.limit = 10'000, .filter = filter})) {
            found.insert(object.id);
        }
        EXPECT_EQ(found, expected);
        EXPECT_EQ(*things->count(kWho, filter), expected.size());
    }

    void check_filters() {
        const std::string kind = "k" + std::to_string(below(5));
        check_filter({FilterOperator::equal, "kind", json::String(kind), {}}, [&](const auto& p) {
            return json::string_or(p, "kind") == kind;
        });
        const auto limit = static_cast<std::int64_t>(below(100));
        check_filter({FilterOperator::less, "size", limit, {}}, [&](const auto& p) {
            return p.contains("size") && p.at("size").as_int64() < limit;
        });
        const std::string wanted = word();
        check_filter({FilterOperator::equal, "text", json::String(wanted), {}}, [&](const auto& p) {
            const Words words = words_of(Object{{}, p, {}, 0, 0});
            return std::ranges::find(words, wanted) != words.end();
        });
        check_filter({FilterOperator::is_null, "text", true, {}}, [&](const auto& p) {
            return !p.contains("text");
        });
    }

    void check_keywords() {
        const std::set<std::string> query{word(), word(), word()};
        std::string text;
        for (const std::string& each : query)
            text += each + " ";
        const auto scores = oracle.keyword_scores(query);
        const auto hits = things->search(kWho, {.query = text, .limit = 10})->hits;
        ASSERT_EQ(hits.size(), std::min<std::size_t>(10, scores.size()));
        std::vector<double> best;
        for (const auto& [id, score] : scores)
            best.push_back(score);
        std::ranges::sort(best, std::greater<>());
        for (std::size_t i = 0; i < hits.size(); ++i) {
            EXPECT_NEAR(hits[i].score, best[i], 1e-5);
            ASSERT_TRUE(scores.contains(hits[i].object.id));
            EXPECT_NEAR(hits[i].score, scores.at(hits[i].object.id), 1e-5);
        }
    }

    // Few enough rows that the scan is exhaustive; a saved and grown graph is used as well.
    void check_vectors() {
        const std::vector<float> query = vector();
        const auto distances = oracle.distances(query);
        const auto hits = things->search(kWho, {.vector = query, .limit = 10})->hits;
        ASSERT_EQ(hits.size(), std::min<std::size_t>(10, distances.size()));
        std::vector<double> nearest;
        for (const auto& [id, distance] : distances)
            nearest.push_back(distance);
        std::ranges::sort(nearest);
        for (std::size_t i = 0; i < hits.size(); ++i) {
            ASSERT_TRUE(distances.contains(hits[i].object.id));
            EXPECT_NEAR(*hits[i].distance, distances.at(hits[i].object.id), 1e-3);
            EXPECT_NEAR(*hits[i].distance, nearest[i], 1e-3);
        }
    }

    void check_all() {
        check_objects();
        check_filters();
        check_keywords();
        check_vectors();
    }
};

TEST_P(OracleTest, AgreesWithAMapThroughWritesAndRestarts) {
    for (int round = 0; round < 120 && !HasFailure(); ++round) {
        const WriteBatch next = batch();
        ASSERT_TRUE(things->write(kWho, next));
        oracle.apply(next);
        if (below(5) == 0) check_keywords();
        if (below(5) == 0) check_vectors();
        if (below(10) == 0) check_filters();
        if (below(15) == 0) {
            things.reset();
            database.reopen();
            things = *database->open(kWho, "Things");
            check_all();
        }
    }
    check_all();
}

TEST_P(OracleTest, BuildsItsGraphAnewWhenTheFilesAreLostOrDamaged) {
    for (int round = 0; round < 60; ++round) {
        const WriteBatch next = batch();
        ASSERT_TRUE(things->write(kWho, next));
        oracle.apply(next);
    }
    const auto graph = database.path() / "vectors" / "1.graph";
    // The thread behind the writes saves it when it comes to it.
    for (int i = 0; i < 3000 && !std::filesystem::exists(graph); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_TRUE(std::filesystem::exists(graph));
    things.reset();
    database.close();
    if (GetParam() % 2 == 0) {
        std::fstream file(graph, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(graph) / 2));
        file.write("damage", 6);
    } else {
        for (const auto& entry : std::filesystem::directory_iterator(graph.parent_path())) {
            if (entry.path().extension() == ".vectors") std::filesystem::remove(entry.path());
        }
    }
    database.reopen();
    things = *database->open(kWho, "Things");
    check_all();
}

INSTANTIATE_TEST_SUITE_P(Seeds, OracleTest, testing::Values(1, 2, 3));

}  // namespace
}  // namespace moat::collections
