#include "documents/parser_process.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace moat::documents {
namespace {

// What needs a child that reads files is in tests/documents.

TEST(ParserProcess, MayBeStoppedAtAnyMoment) {
    const TempDir folder;
    const auto path = folder.path() / "a.txt";
    std::ofstream(path) << "text";
    // From before the child runs until after it was given the file.
    for (int i = 0; i < 200; ++i) {
        ParserProcess reader({.command = {"/bin/sleep", "5"}});
        std::stop_source source;
        const std::jthread stopper([&source, i] {
            std::this_thread::sleep_for(std::chrono::microseconds(20 * i));
            source.request_stop();
        });
        const auto document = reader.parse(path, "a.txt", source.get_token());
        ASSERT_FALSE(document);
        EXPECT_EQ(document.error().code, ErrorCode::cancelled) << document.error().message;
    }
}

}  // namespace
}  // namespace moat::documents
