// Random filters over random objects of every type, against looking at each object.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "collections/test_database.h"

namespace moat::collections {
namespace {

const Principal kWho = access::system_principal();
constexpr UpkeepOptions kEager{.seal_rows = 60, .seal_removals = 200};

const json::Value* value_of(const Object& object, std::string_view property) {
    const json::Value* value = object.properties.if_contains(property);
    if (value == nullptr || value->is_null()) return nullptr;
    return value->is_array() && value->get_array().empty() ? nullptr : value;
}

std::vector<json::Value> elements(const json::Value& value) {
    if (!value.is_array()) return {value};
    return {value.get_array().begin(), value.get_array().end()};
}

double number_of(const json::Value& value) {
    if (value.is_number()) return value.to_number<double>();
    if (value.is_bool()) return value.get_bool() ? 1 : 0;
    const auto time = parse_rfc3339(json::view(value.get_string()));
    return static_cast<double>(unix_ms(*time));
}

std::set<std::string> words_of(const json::Value& value) {
    std::set<std::string> words;
    for (const json::Value& each : elements(value)) {
        std::string word;
        for (const char c : std::string(json::view(each.get_string())) + " ") {
            if (c != ' ') word.push_back(c);
            if (c == ' ' && !word.empty()) words.insert(std::exchange(word, {}));
        }
    }
    return words;
}

bool wildcard(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*') {
        return wildcard(text, pattern.substr(1)) ||
               (!text.empty() && wildcard(text.substr(1), pattern));
    }
    return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
           wildcard(text.substr(1), pattern.substr(1));
}

// The spherical law of cosines: not the formula under test.
double metres(const json::Value& a, const json::Value& b) {
    const auto radians = [](const json::Value& place, std::string_view key) {
        return json::number_or(place, key, 0) * std::numbers::pi / 180;
    };
    const double up_a = radians(a, "latitude");
    const double up_b = radians(b, "latitude");
    const double over = radians(a, "longitude") - radians(b, "longitude");
    const double cosine =
        std::sin(up_a) * std::sin(up_b) + std::cos(up_a) * std::cos(up_b) * std::cos(over);
    return 6'371'008.8 * std::acos(std::clamp(cosine, -1.0, 1.0));
}

bool compares(FilterOperator op, double a, double b) {
    switch (op) {
        case FilterOperator::greater:
            return a > b;
        case FilterOperator::greater_equal:
            return a >= b;
        case FilterOperator::less:
            return a < b;
        case FilterOperator::less_equal:
            return a <= b;
        default:
            return a == b;
    }
}

struct FilterOracleTest : testing::TestWithParam<unsigned> {
    TestDatabase database{kEager};
    std::mt19937 random{GetParam()};
    std::map<Uuid, Object> people;
    std::map<Uuid, Object> cities;
    std::shared_ptr<Collection> city_collection = *database->create(
        kWho, Schema{.name = "City", .properties = {{.name = "size", .type = DataType::integer}}}
    );
    std::shared_ptr<Collection> collection = *database->create(kWho, schema());

    static Schema schema() {
        Schema schema;
        schema.name = "Person";
        schema.properties = {
            {.name = "text", .tokenization = Tokenization::whitespace},
            {.name = "exact", .tokenization = Tokenization::field},
            {.name = "tags", .array = true, .tokenization = Tokenization::field},
            {.name = "whole", .type = DataType::integer},
            {.name = "wholes", .type = DataType::integer, .array = true},
            {.name = "real", .type = DataType::number},
            {.name = "flag", .type = DataType::boolean},
            {.name = "at", .type = DataType::date},
            {.name = "key", .type = DataType::uuid},
            {.name = "place", .type = DataType::geo},
            {.name = "home", .type = DataType::reference, .targets = {"City"}},
        };
        schema.index_lengths = true;
        return schema;
    }

    std::size_t below(std::size_t end) { return random() % end; }
    std::string letter() { return std::string(1, static_cast<char>('a' + below(4))); }
    std::string word() {
        std::string word;
        for (std::size_t i = 1 + below(3); i > 0; --i)
            word += letter();
        return word;
    }
    json::Value integer() { return static_cast<std::int64_t>(below(21)) - 10; }
    json::Value real() { return (static_cast<double>(below(41)) - 20) / 4; }
    json::Value date() {
        return json::String(fmt::format("2026-01-{:02}T00:00:00Z", 1 + below(28)));
    }
    json::Value key() { return json::String(uuid_of(std::to_string(below(10))).text()); }
    json::Value place() {
        return json::Object{
            {"latitude", static_cast<double>(below(1701)) / 10 - 85},
            {"longitude", static_cast<double>(below(3601)) / 10 - 180},
        };
    }
    Uuid city_id(std::size_t i) { return uuid_of(fmt::format("city {}", i)); }

    json::Value value_for(std::string_view property) {
        if (property == "text") return json::String(word() + " " + word());
        if (property == "exact") return json::String(word());
        if (property == "whole") return integer();
        if (property == "real") return real();
        if (property == "flag") return below(2) == 0;
        if (property == "at") return date();
        if (property == "key") return key();
        if (property == "place") return place();
        json::Array list;
        for (std::size_t i = below(4); i > 0; --i) {
            if (property == "tags") list.emplace_back(json::String(word()));
            if (property == "wholes") list.push_back(integer());
            if (property == "home") {
                list.emplace_back(json::String("City/" + city_id(below(30)).text()));
            }
        }
        return list;
    }

    void write_some() {
        WriteBatch batch;
        for (std::size_t i = 1 + below(30); i > 0; --i) {
            Object object;
            object.id = uuid_of(std::to_string(below(150)));
            for (const Property& property : schema().properties) {
                if (below(4) != 0) object.properties[property.name] = value_for(property.name);
            }
            batch.puts.push_back(object);
            people[object.id] = object;
        }
        if (below(2) == 0) {
            const Uuid gone = uuid_of(std::to_string(below(150)));
            if (std::ranges::find(batch.puts, gone, &Object::id) == batch.puts.end()) {
                batch.removes.push_back(gone);
                people.erase(gone);
            }
        }
        const Status written = collection->write(kWho, batch);
        ASSERT_TRUE(written) << written.error().message;
    }
    void write_cities() {
        WriteBatch batch;
        for (std::size_t i = 0; i < 25; ++i) {
            Object object;
            object.id = city_id(i);
            object.properties["size"] = static_cast<std::int64_t>(below(10));
            batch.puts.push_back(object);
            cities[object.id] = object;
        }
        ASSERT_TRUE(city_collection->write(kWho, batch));
    }

    Filter comparison(std::string property, json::Value value) {
        constexpr std::array kOps{
            FilterOperator::equal,
            FilterOperator::not_equal,
            FilterOperator::greater,
            FilterOperator::greater_equal,
            FilterOperator::less,
            FilterOperator::less_equal
        };
        return {kOps[below(kOps.size())], std::move(property), std::move(value), {}};
    }
    Filter contains(std::string property, const std::function<json::Value()>& value) {
        constexpr std::array kOps{
            FilterOperator::contains_any,
            FilterOperator::contains_all,
            FilterOperator::contains_none
        };
        json::Array wanted;
        for (std::size_t i = 1 + below(3); i > 0; --i)
            wanted.push_back(value());
        return {kOps[below(kOps.size())], std::move(property), std::move(wanted), {}};
    }
    Filter leaf() {
        switch (below(17)) {
            case 0:
                return {FilterOperator::equal, "text", json::String(word()), {}};
            case 1:
                return comparison("exact", json::String(word()));
            case 2:
                return contains("tags", [this] { return json::String(word()); });
            case 3:
                return comparison("whole", below(2) == 0 ? integer() : real());
            case 4:
                return contains("wholes", [this] { return integer(); });
            case 5:
                return comparison("real", below(2) == 0 ? integer() : real());
            case 6:
                return {FilterOperator::equal, "flag", below(2) == 0, {}};
            case 7:
                return comparison("at", date());
            case 8:
                return {FilterOperator::equal, "key", key(), {}};
            case 9: {
                json::Value range = place();
                range.get_object()["distance"] = static_cast<double>(below(8'000'000));
                return {FilterOperator::within_range, "place", range, {}};
            }
            case 10:
                return {
                    FilterOperator::refers_to,
                    "home",
                    json::String("City"),
                    {comparison("size", static_cast<std::int64_t>(below(10)))}
                };
            case 11:
                return {
                    FilterOperator::is_null, schema().properties[below(11)].name, below(2) == 0, {}
                };
            case 12:
                return {
                    FilterOperator::like,
                    "text",
                    json::String(std::array{"a*", "*b", "?c*", "*a*", "ab"}[below(5)]),
                    {}
                };
            case 13:
                return comparison("len(text)", static_cast<std::int64_t>(below(6)));
            case 14:
                return comparison("len(tags)", static_cast<std::int64_t>(below(4)));
            case 15:
                return comparison("wholes", integer());
            default: {
                json::Array ids;
                for (std::size_t i = below(5); i > 0; --i)
                    ids.emplace_back(json::String(uuid_of(std::to_string(below(150))).text()));
                return {FilterOperator::contains_any, "_id", ids, {}};
            }
        }
    }
    Filter tree(int depth) {
        if (depth == 0 || below(3) == 0) return leaf();
        constexpr std::array kOps{
            FilterOperator::all_of, FilterOperator::any_of, FilterOperator::none_of
        };
        Filter group{kOps[below(kOps.size())], "", {}, {}};
        for (std::size_t i = 1 + below(3); i > 0; --i)
            group.operands.push_back(tree(depth - 1));
        return group;
    }

    bool equals(const Object& object, const std::string& property, const json::Value& wanted)
        const {
        const json::Value* value = value_of(object, property);
        if (value == nullptr) return false;
        if (property == "text") {
            const auto words = words_of(*value);
            const auto asked = words_of(wanted);
            return std::ranges::includes(words, asked);
        }
        const auto all = elements(*value);
        return std::ranges::any_of(all, [&](const json::Value& each) {
            if (each.is_string() && property != "at") return each == wanted;
            return number_of(each) == number_of(wanted);
        });
    }
    double length(const Object& object, const std::string& property) const {
        const json::Value* value = value_of(object, property);
        if (value == nullptr) return 0;
        return static_cast<double>(
            value->is_array() ? value->get_array().size() : value->get_string().size()
        );
    }
    bool compare_leaf(const Object& object, const Filter& filter) const {
        if (filter.property.starts_with("len(")) {
            const std::string name = filter.property.substr(4, filter.property.size() - 5);
            return compares(filter.op, length(object, name), number_of(filter.value));
        }
        const json::Value* value = value_of(object, filter.property);
        if (value == nullptr) return false;
        const auto all = elements(*value);
        return std::ranges::any_of(all, [&](const json::Value& each) {
            if (each.is_string() && filter.property != "at") {
                return compares(
                    filter.op,
                    json::view(each.get_string()).compare(json::view(filter.value.get_string())),
                    0
                );
            }
            return compares(filter.op, number_of(each), number_of(filter.value));
        });
    }
    bool refers(const Object& object, const Filter& filter) const {
        const json::Value* value = value_of(object, filter.property);
        if (value == nullptr) return false;
        const auto all = elements(*value);
        return std::ranges::any_of(all, [&](const json::Value& each) {
            const auto id = parse_uuid(json::view(each.get_string()).substr(5));
            const auto city = cities.find(*id);
            return city != cities.end() && passes(city->second, filter.operands.front());
        });
    }
    bool passes(const Object& object, const Filter& filter) const {
        const auto operand = [&](const Filter& each) { return passes(object, each); };
        const auto contained = [&](const json::Value& each) {
            return equals(object, filter.property, each);
        };
        const auto wanted =
            filter.value.is_array() ? elements(filter.value) : std::vector<json::Value>();
        if (filter.property == "_id") {
            return std::ranges::find(wanted, json::Value(json::String(object.id.text()))) !=
                   wanted.end();
        }
        Filter equal = filter;
        equal.op = FilterOperator::equal;
        switch (filter.op) {
            case FilterOperator::all_of:
                return std::ranges::all_of(filter.operands, operand);
            case FilterOperator::any_of:
                return std::ranges::any_of(filter.operands, operand);
            case FilterOperator::none_of:
                return std::ranges::none_of(filter.operands, operand);
            case FilterOperator::equal:
                if (filter.property.starts_with("len(")) return compare_leaf(object, filter);
                return equals(object, filter.property, filter.value);
            case FilterOperator::not_equal:
                return !passes(object, equal);
            case FilterOperator::contains_any:
                return std::ranges::any_of(wanted, contained);
            case FilterOperator::contains_all:
                return std::ranges::all_of(wanted, contained);
            case FilterOperator::contains_none:
                return std::ranges::none_of(wanted, contained);
            case FilterOperator::is_null:
                return (value_of(object, filter.property) == nullptr) == filter.value.get_bool();
            case FilterOperator::like: {
                const json::Value* value = value_of(object, filter.property);
                if (value == nullptr) return false;
                const auto words = words_of(*value);
                return std::ranges::any_of(words, [&](const std::string& word) {
                    return wildcard(word, json::view(filter.value.get_string()));
                });
            }
            case FilterOperator::within_range: {
                const json::Value* value = value_of(object, filter.property);
                return value != nullptr &&
                       metres(*value, filter.value) <= json::number_or(filter.value, "distance", 0);
            }
            case FilterOperator::refers_to:
                return refers(object, filter);
            default:
                return compare_leaf(object, filter);
        }
    }

    void check(const Filter& filter) {
        std::set<Uuid> expected;
        for (const auto& [id, object] : people) {
            if (passes(object, filter)) expected.insert(id);
        }
        const auto listed = collection->list(kWho, {.limit = 10'000, .filter = filter});
        ASSERT_TRUE(listed) << listed.error().message;
        std::set<Uuid> found;
        for (const Object& object : *listed)
            found.insert(object.id);
        EXPECT_EQ(found, expected) << "operator " << static_cast<int>(filter.op) << " on "
                                   << filter.property << " " << json::write(filter.value);
        EXPECT_EQ(*collection->count(kWho, filter), expected.size());
    }
};

TEST_P(FilterOracleTest, AgreesWithLookingAtEveryObject) {
    write_cities();
    for (int round = 0; round < 30 && !HasFailure(); ++round) {
        write_some();
        for (int i = 0; i < 15 && !HasFailure(); ++i)
            check(tree(2));
        if (round % 10 == 9) {
            collection.reset();
            city_collection.reset();
            database.reopen();
            collection = *database->open(kWho, "Person");
            city_collection = *database->open(kWho, "City");
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FilterOracleTest, testing::Values(11, 12, 13, 14));

}  // namespace
}  // namespace moat::collections
