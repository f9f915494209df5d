#include "api/request/go_json.h"

#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/request/go_struct.h"
#include "base/file.h"

namespace moat::api {
namespace {

std::vector<std::string> lines_of(const std::string& name) {
    const auto text = read_file(std::filesystem::path(MOAT_GO_JSON) / name);
    std::vector<std::string> out;
    if (!text) return out;
    std::istringstream in(*text);
    for (std::string line; std::getline(in, line);)
        out.push_back(line);
    return out;
}

std::string texts(const std::optional<std::vector<std::string>>& list) {
    if (!list) return "null";
    return json::write(json::Value(json::Array(list->begin(), list->end())));
}

// The struct of tests/api/go_json/generate.go, and its way to print it.
std::string decoded(const std::string& line) {
    const auto value = read_go_json(line);
    if (!value) return "error " + value.error().message;
    GoDecoding decoding;
    GoStruct in(decoding, *value, "main.request");
    std::string s;
    int n = 0;
    double f = 0;
    std::optional<bool> b;
    std::vector<std::string> l;
    json::Object m;
    int p_n = 0;
    in.read("s", s);
    in.read("n", n);
    in.read("f", f);
    in.read("b", b);
    in.read("l", l);
    in.read("m", m);
    if (auto p = in.child("p", "main.point")) {
        p->read("n", p_n);
        bool inner = false;
        if (auto p2 = p->child("p2", "main.deep")) p2->read("b", inner);
    }
    auto ps = in.children("ps", "main.point");
    for (GoStruct& point : ps) {
        std::string ignored;
        point.read("s", ignored);
    }
    if (const Status status = decoding.status(); !status) return "error " + status.error().message;
    const bool has_l = in.find("l") != nullptr;
    return fmt::format(
        "s={} n={} f={} b={} l={} m={} p.n={} ps={}",
        json::write(json::Value(json::String(s))),
        n,
        f,
        b ? (*b ? "true" : "false") : "unset",
        texts(has_l ? std::optional(l) : std::nullopt),
        in.find("m") ? json::write(m) : "null",
        p_n,
        ps.size()
    );
}

// Go shows the number as it was written; here it is shown as it is read.
bool shows_number(const std::string& expected) {
    for (const char* number : {"number 1e2 ", "number 1.0 ", "number 1e400 "})
        if (expected.contains(number)) return true;
    return expected.contains("number 9223372036854775808");
}

// Expected lines come from Go's own encoding/json (tests/api/go_json/generate.go).
TEST(GoJson, ReadsAndComplainsAsGoDoes) {
    const auto cases = lines_of("cases.txt");
    const auto expected = lines_of("expected.txt");
    ASSERT_GT(cases.size(), 90U);
    ASSERT_EQ(cases.size(), expected.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const std::string got = decoded(cases[i]);
        if (shows_number(expected[i])) {
            EXPECT_TRUE(
                got.starts_with("error json: cannot unmarshal number ") ||
                cases[i].contains("9223372036854775808")
            ) << got;
        } else if (cases[i].contains("9223372036854775807")) {
            // Ours is an int, and no such number matters to a model.
            EXPECT_TRUE(got.contains("n=2147483647")) << got;
        } else {
            EXPECT_EQ(got, expected[i]) << cases[i];
        }
    }
}

TEST(GoJson, NothingIsAMissingBody) {
    EXPECT_EQ(read_go_json("").error().message, "missing request body");
    EXPECT_EQ(read_go_json(" \n ").error().message, "missing request body");
}

// The escapes of RFC 8259, section 7.
TEST(GoJson, ReadsEveryEscape) {
    const auto value = read_go_json(R"({"a":"\"\\\/\b\f\n\r\t\u00e9"})");
    ASSERT_TRUE(value);
    EXPECT_EQ(json::string_or(*value, "a"), "\"\\/\b\f\n\r\t\xC3\xA9");
}

TEST(GoJson, NestingIsBounded) {
    EXPECT_TRUE(read_go_json(std::string(200, '[') + std::string(200, ']')));
    EXPECT_EQ(read_go_json(std::string(100'000, '[')).error().message, "exceeded max depth");
    std::string objects;
    for (int i = 0; i < 100'000; ++i)
        objects += "{\"a\":";
    EXPECT_EQ(read_go_json(objects).error().message, "exceeded max depth");
}

TEST(GoJson, ReplacesIllFormedBytes) {
    const auto value = read_go_json("{\"a\":\"x\xff\xfey\"}");
    ASSERT_TRUE(value);
    EXPECT_EQ(json::string_or(*value, "a"), "x\xEF\xBF\xBD\xEF\xBF\xBDy");
}

}  // namespace
}  // namespace moat::api
