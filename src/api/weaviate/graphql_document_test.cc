#include "api/weaviate/graphql_document.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace moat::api::weaviate {
namespace {

using Fields = std::vector<GraphqlField>;

Fields parse(std::string_view text, const json::Object& variables = {}) {
    auto parsed = parse_graphql(text, "", variables);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
    return parsed ? *std::move(parsed) : Fields{};
}

std::string error_of(std::string_view text, std::string_view operation = "") {
    const auto parsed = parse_graphql(text, operation, {});
    return parsed ? "" : parsed.error().message;
}

// The only argument of the only field.
json::Value argument(std::string_view value, const json::Object& variables = {}) {
    const Fields fields = parse("{f(a:" + std::string(value) + ")}", variables);
    return fields.empty() ? json::Value() : fields[0].arguments.at("a");
}

TEST(GraphqlDocument, ReadsWhatThePythonClientSends) {
    const Fields fields = parse(
        "{Get{Doc(where: {path: [\"n\"] operator: Equal valueInt: 3} limit: 5 nearVector: "
        "{vector: [0.5, -1e-3] certainty: 0.7} sort: [{ path: [\"n\"] order: desc } ]after: "
        "\"x\"consistencyLevel: ONE tenant: \"t1\"autocut: 1){text n _additional {certainty id }}}}"
    );
    ASSERT_EQ(fields.size(), 1);
    EXPECT_EQ(fields[0].name, "Get");
    const GraphqlField& doc = fields[0].fields.at(0);
    EXPECT_EQ(doc.key, "Doc");
    EXPECT_EQ(
        json::write(doc.arguments),
        R"({"where":{"path":["n"],"operator":"Equal","valueInt":3},"limit":5,)"
        R"("nearVector":{"vector":[0.5,-0.001],"certainty":0.7},"sort":[{"path":["n"],)"
        R"("order":"desc"}],"after":"x","consistencyLevel":"ONE","tenant":"t1","autocut":1})"
    );
    ASSERT_EQ(doc.fields.size(), 3);
    EXPECT_EQ(doc.fields[2].fields.at(1).name, "id");
}

TEST(GraphqlDocument, AliasesFragmentsAndComments) {
    const Fields fields = parse(
        "query Q { # a comment }\n a: Doc { ...Common ref { ... on Other { x } } } }\n"
        "fragment Common on Doc { title, pages }"
    );
    const GraphqlField& doc = fields.at(0);
    EXPECT_EQ(doc.key, "a");
    EXPECT_EQ(doc.name, "Doc");
    EXPECT_EQ(doc.fields.at(0).type, "Doc");
    EXPECT_EQ(doc.fields.at(0).fields.at(1).name, "pages");
    EXPECT_EQ(doc.fields.at(1).fields.at(0).type, "Other");
}

TEST(GraphqlDocument, VariablesAreFilledIn) {
    const Fields fields = parse(
        "query Q($v: [Float!]!, $n: Int = 7) { Get { Doc(nearVector: {vector: $v} limit: $n) { t } "
        "} }",
        json::Object{{"v", json::Array{1.5, 2}}}
    );
    EXPECT_EQ(
        json::write(fields.at(0).fields.at(0).arguments),
        R"({"nearVector":{"vector":[1.5,2]},"limit":7})"
    );
}

// Section 2.9.4 of the specification, and what careless clients make of it.
TEST(GraphqlDocument, Strings) {
    EXPECT_EQ(argument(R"("\"\\\/\n\u00e9")"), "\"\\/\n\u00e9");
    EXPECT_EQ(argument(R"("\uD83D\uDE00")"), "\U0001F600");
    EXPECT_EQ(argument(R"("\uD83D!")"), "\uFFFD!");
    EXPECT_EQ(argument(R"("C:\docs \d+")"), "C:\\docs \\d+");
    EXPECT_EQ(argument("\"two\nlines\""), "two\nlines");
    EXPECT_EQ(argument(R"("""a "quoted" \n \""" b""")"), R"(a "quoted" \n """ b)");
    EXPECT_EQ(argument("\"密码\""), "密码");
}

TEST(GraphqlDocument, Scalars) {
    EXPECT_EQ(argument("true"), true);
    EXPECT_TRUE(argument("null").is_null());
    EXPECT_EQ(argument("-12"), -12);
    EXPECT_EQ(argument("1.5e3"), 1500.0);
    EXPECT_EQ(argument("rankedFusion"), "rankedFusion");
    EXPECT_EQ(argument("18446744073709551616"), 18446744073709551616.0);
}

TEST(GraphqlDocument, MistakesAreToldWithTheirLine) {
    EXPECT_EQ(
        error_of("{Get{Doc(limit: }}"),
        "Syntax Error GraphQL (line 1): expected a value, found \"}\""
    );
    EXPECT_TRUE(error_of("{\n\n\"a\"}").contains("line 3"));
    EXPECT_TRUE(error_of("{a").contains("found the end"));
    EXPECT_TRUE(error_of("{a(b:\"c)}").contains("does not end"));
    EXPECT_TRUE(error_of("{a(b:1.2.3)}").contains("not a number"));
    EXPECT_TRUE(error_of("").contains("Must provide an operation"));
    EXPECT_TRUE(error_of("query A{a} query B{b}").contains("multiple operations"));
    EXPECT_TRUE(error_of("query A{a}", "B").contains("Unknown operation"));
    EXPECT_TRUE(error_of("mutation {a}").contains("only queries"));
    EXPECT_TRUE(error_of("{a @include(if: true)}").contains("directives"));
    EXPECT_TRUE(error_of("{...Nobody}").contains("Unknown fragment"));
}

TEST(GraphqlDocument, NeitherDepthNorFragmentsBlowUp) {
    std::string deep, list = "{a(b:";
    for (int i = 0; i < 100'000; ++i) {
        deep += "{a";
        list += '[';
    }
    EXPECT_TRUE(error_of(deep).contains("too deep"));
    EXPECT_TRUE(error_of(list).contains("too deep"));
    EXPECT_TRUE(error_of("{...F} fragment F on T {a ...F ...F}").contains("too"));
    std::string bomb = "{...F0}";
    for (int i = 0; i < 30; ++i)
        bomb += fmt::format("fragment F{} on T {{...F{} ...F{} a b c}}", i, i + 1, i + 1);
    bomb += "fragment F30 on T {x}";
    EXPECT_TRUE(error_of(bomb).contains("too many fields"));
}

}  // namespace
}  // namespace moat::api::weaviate
