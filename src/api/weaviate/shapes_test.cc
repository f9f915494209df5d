#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/weaviate/class_json.h"
#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/object_json.h"
#include "api/weaviate/query_arguments.h"
#include "api/weaviate/routes.h"
#include "api/weaviate/where.h"
#include "http/described_routes.h"
#include "http/recorded_exchange.h"
#include "knowledge/chunk_objects.h"

namespace moat::api::weaviate {
namespace {

using collections::DataType;
using collections::Filter;
using collections::FilterOperator;
using collections::Schema;

json::Value read(std::string_view text) {
    auto value = json::read(text);
    EXPECT_TRUE(value) << text;
    return value ? *std::move(value) : json::Value();
}

TEST(WeaviateNames, ClassesBeginWithACapital) {
    EXPECT_EQ(*class_name("doc"), "Doc");
    EXPECT_EQ(property_name("Title"), "title");
    for (const char* bad : {"", "1a", "a-b", "_a", "a b", "ü"})
        EXPECT_FALSE(class_name(bad)) << bad;
    EXPECT_FALSE(class_name(std::string(231, 'a')));
}

TEST(WeaviateNames, BeaconsWithAndWithoutAClass) {
    const std::string id = "0f0f0f0f-1111-4222-8333-444444444444";
    EXPECT_EQ(
        to_text(*parse_beacon("weaviate://localhost/Doc/" + id)), "weaviate://localhost/Doc/" + id
    );
    EXPECT_TRUE(parse_beacon("weaviate://localhost/" + id)->class_name.empty());
    for (const std::string& bad :
         {"http://localhost/Doc/" + id,
          std::string("weaviate://localhost/Doc/x"),
          std::string("weaviate://localhost")})
        EXPECT_FALSE(parse_beacon(bad)) << bad;
}

TEST(WeaviateClass, KeysMatchWithoutCaseAndUnknownOnesAreIgnored) {
    const auto schema = read_class(read(
        R"({"class":"mail","MultiTenancyConfig":{"Enabled":true},"vectorizers":1,
            "moduleConfig":{"none":{}},"properties":[{"name":"Text","DataType":["text"]}]})"
    ));
    ASSERT_TRUE(schema);
    EXPECT_EQ(schema->name, "Mail");
    EXPECT_TRUE(schema->tenancy.enabled);
    EXPECT_EQ(schema->properties.at(0).name, "text");
}

// Members that python's v4 client and the TypeScript one read without looking whether they are
// there.
TEST(WeaviateClass, TellsEveryMemberThatClientsRead) {
    const auto schema = read_class(read(
        R"({"class":"Doc","vectorIndexConfig":{"ef":7,"distance":"dot"},"properties":[
            {"name":"old","dataType":["string"]},{"name":"to","dataType":["Doc","Other"]},
            {"name":"o","dataType":["object"],"nestedProperties":[{"name":"n","dataType":["int"]}]}]})"
    ));
    ASSERT_TRUE(schema);
    const json::Object told = class_json(*schema);
    for (const char* key :
         {"class",
          "vectorizer",
          "vectorIndexType",
          "vectorIndexConfig",
          "invertedIndexConfig",
          "multiTenancyConfig",
          "replicationConfig",
          "shardingConfig",
          "properties"})
        EXPECT_TRUE(told.contains(key)) << key;
    for (const char* key :
         {"cleanupIntervalSeconds",
          "dynamicEfMin",
          "dynamicEfMax",
          "dynamicEfFactor",
          "ef",
          "efConstruction",
          "flatSearchCutoff",
          "maxConnections",
          "skip",
          "vectorCacheMaxObjects"})
        EXPECT_TRUE(told.at("vectorIndexConfig").get_object().contains(key)) << key;
    EXPECT_EQ(told.at("vectorIndexConfig").at("ef"), 7);
    EXPECT_EQ(told.at("vectorIndexConfig").at("distance"), "dot");
    const json::Array& properties = told.at("properties").get_array();
    EXPECT_EQ(properties.at(0).at("dataType"), read(R"(["text"])"));
    EXPECT_EQ(properties.at(0).at("tokenization"), "whitespace");
    EXPECT_EQ(properties.at(1).at("dataType"), read(R"(["Doc","Other"])"));
    EXPECT_TRUE(properties.at(1).at("tokenization").is_null());
    EXPECT_EQ(properties.at(2).at("nestedProperties").at(0).at("name"), "n");
    // Either named vectors or the legacy trio.
    EXPECT_FALSE(told.contains("vectorConfig"));
    const auto again = read_class(told);
    ASSERT_TRUE(again);
    EXPECT_EQ(json::write(class_json(*again)), json::write(told));
}

TEST(WeaviateClass, CompressionSaysHowManyBitsACodeHas) {
    using collections::CodeWidth;
    const auto width_of = [](const std::string& config) {
        const auto schema = read_class(read(R"({"class":"A","vectorIndexConfig":)" + config + "}"));
        EXPECT_TRUE(schema) << config;
        return schema ? schema->code_width : std::nullopt;
    };
    EXPECT_EQ(width_of("{}"), std::nullopt);
    EXPECT_EQ(width_of(R"({"pq":{"enabled":false},"bq":{"enabled":false}})"), std::nullopt);
    EXPECT_EQ(width_of(R"({"sq":{"enabled":true}})"), CodeWidth::eight);
    EXPECT_EQ(width_of(R"({"rq":{"enabled":true}})"), CodeWidth::eight);
    EXPECT_EQ(width_of(R"({"rq":{"enabled":true,"bits":1}})"), CodeWidth::four);
    EXPECT_EQ(width_of(R"({"bq":{"enabled":true}})"), CodeWidth::four);
    EXPECT_EQ(width_of(R"({"hnsw":{"pq":{"enabled":true}}})"), CodeWidth::four);
    const auto named = read_class(
        read(R"({"class":"A","vectorConfig":{"v":{"vectorIndexConfig":{"bq":{"enabled":true}}}}})")
    );
    ASSERT_TRUE(named);
    EXPECT_EQ(named->vectors.at(0).code_width, CodeWidth::four);
}

TEST(WeaviateClass, WhatIsNotHereIsRefused) {
    for (const char* body : {
             R"({"class":"A","vectorizer":"img2vec-neural"})",
             R"({"class":"A","vectorIndexConfig":{"distance":"far"}})",
             R"({"class":"A","vectorIndexType":"hfresh"})",
             R"({"class":"A","properties":[{"name":"a","dataType":["phoneNumber"]}]})",
             R"({"class":"A","properties":[{"name":"a","dataType":[]}]})",
             R"({"class":"A","properties":[{"name":"a","dataType":["text"],"tokenization":"x"}]})",
             R"({"class":"A","invertedIndexConfig":{"bm25":{"b":2}}})",
             R"({"class":""})",
             R"([])",
         })
        EXPECT_FALSE(read_class(read(body))) << body;
}

TEST(WeaviateObject, FloatsAreTheShortestThatReadBackToTheSame) {
    const auto given =
        read_object(read(R"({"class":"Doc","vector":[0.1,-3.4e38,1e-45,16777217,2]})"));
    ASSERT_TRUE(given);
    EXPECT_EQ(json::write(vector_json(given->object.vector)), "[0.1,-3.4e+38,1e-45,16777216,2]");
    EXPECT_FALSE(read_object(read(R"({"class":"Doc","vector":[1e39]})")));
    EXPECT_FALSE(read_object(read(R"({"class":"Doc","vector":["a"]})")));
    EXPECT_FALSE(read_object(read(R"({"class":"Doc","id":"1"})")));
}

TEST(WeaviateWhere, PathsLeadThroughReferences) {
    const auto filter =
        read_where(read(R"({"path":["By","Author","name"],"operator":"Equal","valueText":"x"})"));
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->op, FilterOperator::refers_to);
    EXPECT_EQ(filter->property, "by");
    EXPECT_EQ(filter->value, "Author");
    EXPECT_EQ(filter->operands.at(0).property, "name");
}

TEST(WeaviateWhere, TimesAreMilliseconds) {
    const auto at = [](const char* value) {
        const auto filter = read_where(json::Object{
            {"path", json::Array{"_creationTimeUnix"}},
            {"operator", "GreaterThan"},
            {"valueText", value}
        });
        return filter ? filter->value : json::Value(filter.error().message);
    };
    EXPECT_EQ(at("1700000000000"), 1700000000000);
    EXPECT_EQ(at("2023-11-14T22:13:20Z"), 1700000000000);
    EXPECT_TRUE(at("yesterday").is_string());
}

TEST(WeaviateWhere, MistakesAreRefused) {
    std::string deep = R"({"path":["a"],"operator":"Equal","valueInt":1})";
    for (int i = 0; i < 60; ++i)
        deep = R"({"operator":"And","operands":[)" + deep + "]}";
    EXPECT_TRUE(read_where(read(deep)));
    deep = R"({"operator":"And","operands":[)" + deep + "]}";
    for (int i = 0; i < 5; ++i)
        deep = R"({"operator":"Not","operands":[)" + deep + "]}";
    EXPECT_FALSE(read_where(*json::read(deep, {.max_depth = 1000})));
    for (const char* body :
         {R"({"path":["a"],"operator":"Near","valueInt":1})",
          R"({"path":["a"],"operator":"Equal"})",
          R"({"operator":"Equal","valueInt":1})",
          R"({"operator":"And"})",
          R"([])",
          R"({"path":["a","B"],"operator":"Equal","valueInt":1})"})
        EXPECT_FALSE(read_where(read(body))) << body;
}

TEST(WeaviateQuery, ArgumentsBecomeAQuestion) {
    const auto query = read_query(
        "Doc",
        read(
            R"({"hybrid":{"query":"q","alpha":0.25,"properties":["a^2","b"],"fusionType":"rankedFusion"},
            "limit":3,"offset":1,"tenant":"t"})"
        )
            .get_object()
    );
    ASSERT_TRUE(query);
    EXPECT_EQ(query->kind, Query::Kind::hybrid);
    EXPECT_EQ(query->search.alpha, 0.25F);
    EXPECT_EQ(query->search.properties.at(0), std::make_pair(std::string("a"), 2.0F));
    EXPECT_EQ(query->search.limit, 3);
    EXPECT_EQ(query->tenant, "t");
    for (const char* arguments : {
             R"({"bm25":{"query":"a"},"nearVector":{"vector":[1]}})",
             R"({"limit":-1})",
             R"({"nothing":1})",
             R"({"nearImage":{"image":"x"}})",
             R"({"nearVector":{"vector":[1],"certainty":1,"distance":1}})",
             R"({"nearText":{"concepts":["a"],"moveTo":{"force":2,"concepts":["b"]}}})",
             R"({"nearObject":{"id":"x"}})",
             R"({"hybrid":{"query":"a","properties":["a^b"]}})",
         })
        EXPECT_FALSE(read_query("Doc", read(arguments).get_object())) << arguments;
}

TEST(WeaviateErrors, ArePartOfThisProtocolOnlyOnItsPaths) {
    EXPECT_TRUE(owns_path("/v1/objects/Doc/1"));
    EXPECT_TRUE(owns_path("/v1/.well-known/ready"));
    EXPECT_FALSE(owns_path("/v1/models"));
    EXPECT_FALSE(owns_path("/v1/objectsx"));
    const Error error{ErrorCode::conflict, "class name Doc already exists"};
    EXPECT_EQ(error_response(error).status, 422);
    EXPECT_EQ(
        error_response(error).body, R"({"error":[{"message":"class name Doc already exists"}]})"
    );
    EXPECT_EQ(
        error_with_status(401, error).body,
        R"({"code":401,"message":"class name Doc already exists"})"
    );
}

TEST(WeaviateClasses, TheNamesOfKnowledgeBasesAreKept) {
    EXPECT_TRUE(knowledge::is_base_collection(knowledge::collection_name("0123456789abcdef")));
    EXPECT_FALSE(knowledge::is_base_collection("Kb"));
    EXPECT_FALSE(knowledge::is_base_collection("Kbitten123456789ab"));
}

TEST(WeaviateClass, StemmingIsAnOptionOfAProperty) {
    const auto read = [](std::string_view options) {
        return read_property(
            *json::read(fmt::format(R"({{"name":"t","dataType":["text"]{}}})", options))
        );
    };
    const auto stemmed = read(R"(,"textAnalyzer":{"stemming":"english"})");
    ASSERT_TRUE(stemmed) << stemmed.error().message;
    EXPECT_EQ(stemmed->tokenization, collections::Tokenization::english);
    // Clients know the tokenization's name; the other member is new to them.
    const json::Object told = property_json(*stemmed);
    EXPECT_EQ(told.at("tokenization"), "word");
    EXPECT_EQ(told.at("textAnalyzer").at("stemming"), "english");
    EXPECT_EQ(read_property(told)->tokenization, collections::Tokenization::english);
    EXPECT_EQ(read("")->tokenization, collections::Tokenization::word);
    EXPECT_FALSE(read(R"(,"textAnalyzer":{"stemming":"klingon"})"));
    EXPECT_FALSE(read(R"(,"tokenization":"field","textAnalyzer":{"stemming":"english"})"));
}

}  // namespace
}  // namespace moat::api::weaviate
