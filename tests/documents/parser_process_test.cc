// Confined children, with files written here.

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "app/parse/parse_main.h"
#include "base/temp_dir.h"

namespace moat {
namespace {

using documents::ParseLimits;
using std::chrono::steady_clock;

struct ParserProcessTest : testing::Test {
    TempDir folder;

    std::filesystem::path write(const std::string& name, const std::string& content) {
        const auto path = folder.path() / name;
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    static std::unique_ptr<documents::ParserProcess> parser(
        const ParseLimits& limits = {}, std::size_t children = 1
    ) {
        return app::make_parser_process(MOAT_PARSE_CHILD, children, limits);
    }
    // A page whose elements nest so deep that reading it takes minutes.
    std::filesystem::path endless() {
        std::string html = "<html>";
        for (int i = 0; i < 400'000; ++i)
            html += "<b><p><a>";
        return write("endless.html", html);
    }
};

TEST_F(ParserProcessTest, ReadsOneFileAfterTheOther) {
    const auto reader = parser();
    const auto path = write("a.md", "# 标题\n\ntext\n");
    for (int i = 0; i < 5; ++i) {
        const auto document = reader->parse(path, "a.md", {});
        ASSERT_TRUE(document) << document.error().message;
        ASSERT_EQ(document->blocks.size(), 2U);
        EXPECT_EQ(document->blocks[1].headings, (std::vector<std::string>{"标题"}));
    }
    EXPECT_FALSE(reader->extensions().empty());
}

TEST_F(ParserProcessTest, ManyThreadsShareAFewChildren) {
    const auto reader = parser({}, 2);
    const auto path = write("a.txt", "hello\n");
    std::vector<std::jthread> threads;
    std::atomic<int> read = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 5; ++j)
                read += reader->parse(path, "a.txt", {}) ? 1 : 0;
        });
    }
    threads.clear();
    EXPECT_EQ(read, 40);
}

TEST_F(ParserProcessTest, MissingAndUnreadableFilesAreNamed) {
    const auto reader = parser();
    const auto missing = reader->parse(folder.path() / "none.txt", "none.txt", {});
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    EXPECT_TRUE(missing.error().message.contains("none.txt"));
    EXPECT_EQ(reader->parse(folder.path(), "folder", {}).error().code, ErrorCode::unsupported);
}

TEST_F(ParserProcessTest, TheProcessorTimeIsLimited) {
    const auto reader = parser({.seconds = 1});
    const auto path = endless();
    const auto begin = steady_clock::now();
    const auto document = reader->parse(path, "endless.html", {});
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::timed_out) << document.error().message;
    EXPECT_TRUE(document.error().message.contains("1 seconds"));
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(20));
    // The next file is read all the same.
    EXPECT_TRUE(reader->parse(write("a.txt", "x"), "a.txt", {}));
}

TEST_F(ParserProcessTest, ACallerThatStopsIsFreeAtOnce) {
    const auto reader = parser({.seconds = 100});
    const auto path = endless();
    std::stop_source source;
    const std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        source.request_stop();
    });
    const auto begin = steady_clock::now();
    const auto document = reader->parse(path, "endless.html", source.get_token());
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::cancelled);
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_TRUE(reader->parse(write("a.txt", "x"), "a.txt", {}));
}

TEST_F(ParserProcessTest, TheTextIsLimited) {
    const auto reader = parser({.max_text_bytes = 1000});
    const auto path = write("a.txt", std::string(2000, 'x'));
    EXPECT_EQ(reader->parse(path, "a.txt", {}).error().code, ErrorCode::too_large);
}

TEST_F(ParserProcessTest, TheInputIsLimited) {
    const auto reader = parser({.max_input_bytes = 1000});
    const auto path = write("a.txt", std::string(2000, 'x'));
    const auto document = reader->parse(path, "a.txt", {});
    EXPECT_EQ(document.error().code, ErrorCode::too_large);
    EXPECT_TRUE(document.error().message.contains("a.txt")) << document.error().message;
}

#if !defined(__has_feature) || \
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
TEST_F(ParserProcessTest, TheMemoryIsLimited) {
    const auto reader = parser({.memory_bytes = std::size_t{40} << 20U});
    const auto path = write("a.txt", std::string(30 << 20, 'x'));
    const auto document = reader->parse(path, "a.txt", {});
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::too_large) << document.error().message;
    EXPECT_TRUE(document.error().message.contains("memory")) << document.error().message;
    EXPECT_TRUE(reader->parse(write("b.txt", "x"), "b.txt", {}));
}
#endif

TEST_F(ParserProcessTest, AProgramThatIsNoParserGivesAnErrorAndNoHang) {
    documents::ParserProcess reader({.command = {"/bin/false"}});
    EXPECT_EQ(reader.parse(write("a.txt", "x"), "a.txt", {}).error().code, ErrorCode::internal);
    documents::ParserProcess nothing({.command = {"/does/not/exist"}});
    EXPECT_FALSE(nothing.parse(write("a.txt", "x"), "a.txt", {}));
}

}  // namespace
}  // namespace moat
