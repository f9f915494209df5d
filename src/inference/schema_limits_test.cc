#include "inference/schema_limits.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace moat::inference {
namespace {

json::Value object_of(int properties, const std::string& prefix = "p") {
    json::Object all;
    for (int i = 0; i < properties; ++i)
        all[prefix + std::to_string(i)] = json::Object{{"type", "string"}};
    return json::Object{{"type", "object"}, {"properties", std::move(all)}};
}

bool passes(const json::Value& schema) {
    const Status status = check_schema(schema);
    EXPECT_TRUE(status || status.error().code == ErrorCode::invalid_argument);
    return bool(status);
}

bool passes_text(std::string_view schema) {
    return passes(*json::read(schema));
}

TEST(SchemaLimits, WhatDescribesAnAnswerPasses) {
    EXPECT_TRUE(passes_text(R"({})"));
    EXPECT_TRUE(passes(object_of(256)));
    EXPECT_TRUE(passes_text(R"({"type":["string","null"],"$ref":"https://elsewhere"})"));
    EXPECT_TRUE(passes_text(R"({"$defs":{"node":{"type":"object","properties":{
        "value":{"type":"integer"},"next":{"$ref":"#/$defs/node"}}}},"$ref":"#/$defs/node"})"));
    EXPECT_TRUE(passes_text(R"({"allOf":[{"$ref":"#/$defs/a"},{"properties":{"b":{}}}],
        "$defs":{"a":{"properties":{"c":{}}}}})"));
    json::Array tools;
    for (int i = 0; i < 200; ++i)
        tools.push_back(json::Object{{"parameters", object_of(30, "a_name_of_usual_length_")}});
    for (int i = 0; i < 2000; ++i) {
        const std::string name = "type" + std::to_string(i);
        tools.push_back(json::Object{
            {"parameters",
             json::Object{{"$defs", {{name, object_of(2)}}}, {"$ref", "#/$defs/" + name}}}
        });
    }
    EXPECT_TRUE(passes(tools));
}

TEST(SchemaLimits, TooManyPropertiesAreRefusedWhereverTheyStand) {
    EXPECT_FALSE(passes(object_of(257)));
    EXPECT_FALSE(passes(json::Object{{"items", object_of(257)}}));
    json::Array objects;
    for (int i = 0; i < 50; ++i)
        objects.push_back(object_of(250));
    EXPECT_FALSE(passes(json::Object{{"anyOf", objects}}));
    EXPECT_FALSE(passes(object_of(200, std::string(1 << 16, 'x'))));
}

TEST(SchemaLimits, PropertiesJoinedByAllOfCountTogether) {
    json::Array parts(100, json::Object{{"$ref", "#/$defs/a"}});
    EXPECT_FALSE(passes(json::Object{{"allOf", parts}, {"$defs", {{"a", object_of(100)}}}}));
    const json::Array nested{json::Object{{"anyOf", parts}}};
    EXPECT_FALSE(passes(json::Object{{"allOf", nested}, {"$defs", {{"a", object_of(100)}}}}));
}

TEST(SchemaLimits, TypesThatRepeatANestedSchemaManyTimesAreRefused) {
    std::string schema = R"({"type":"string"})";
    for (int i = 0; i < 40; ++i)
        schema = R"({"type":["array","array"],"items":)" + schema + "}";
    EXPECT_FALSE(passes_text(schema));
    EXPECT_FALSE(passes(json::Object{{"type", json::Array(100, "string")}}));
}

TEST(SchemaLimits, LongPathsOfNamesAreRefused) {
    const json::Array leaves(100'000, json::Object{{"type", "null"}});
    EXPECT_FALSE(passes(json::Object{
        {"properties", json::Object{{std::string(1 << 20, 'x'), json::Object{{"oneOf", leaves}}}}}
    }));
}

TEST(SchemaLimits, ARefThatLeadsToItselfIsRefused) {
    EXPECT_FALSE(
        passes_text(R"({"$defs":{"a":{"$ref":"#/$defs/a"}},"allOf":[{"$ref":"#/$defs/a"}]})")
    );
    EXPECT_FALSE(passes_text(R"({"$defs":[{"$ref":"#/$defs/1"},{"$ref":"#/$defs/0"}]})"));
    EXPECT_FALSE(passes_text(R"({"$defs":{"a~1b":{"$ref":"#/$defs/a~1b"}}})"));
    EXPECT_FALSE(passes(json::Object{{"$ref", "#/" + std::string(1 << 20, 'x')}}));
}

TEST(SchemaLimits, ChainsOfRefsDeeperThanAStackAreRefused) {
    const auto chain = [](int links) {
        json::Object definitions{{"0", json::Object{{"type", "null"}}}};
        for (int i = 1; i <= links; ++i)
            definitions[std::to_string(i)] = json::Object{
                {"properties",
                 json::Object{{"next", json::Object{{"$ref", "#/$defs/" + std::to_string(i - 1)}}}}}
            };
        return json::Object{{"$defs", definitions}, {"$ref", "#/$defs/" + std::to_string(links)}};
    };
    EXPECT_TRUE(passes(chain(200)));
    EXPECT_FALSE(passes(chain(5000)));
}

TEST(SchemaLimits, RefsThatDoubleAtEveryStepAreRefused) {
    const auto doubled = [](int steps) {
        json::Object definitions{{"0", json::Object{{"type", "null"}}}};
        for (int i = 1; i <= steps; ++i) {
            const json::Object ref{{"$ref", "#/$defs/" + std::to_string(i - 1)}};
            definitions[std::to_string(i)] = json::Object{{"anyOf", json::Array{ref, ref}}};
        }
        return json::Object{{"$defs", definitions}, {"$ref", "#/$defs/" + std::to_string(steps)}};
    };
    EXPECT_TRUE(passes(doubled(8)));
    EXPECT_FALSE(passes(doubled(40)));
}

}  // namespace
}  // namespace moat::inference
