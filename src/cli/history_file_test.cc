#include "cli/history_file.h"

#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace moat::cli {
namespace {

using Lines = std::vector<std::string>;

struct HistoryFileTest : testing::Test {
    TempDir dir;
    std::filesystem::path path = dir.path() / "folder" / "history";
};

TEST_F(HistoryFileTest, KeepsTheNewestAndAppendsForOthersToo) {
    const HistoryFile one(path);
    const HistoryFile other(path);
    one.append("first");
    other.append("第二");
    one.append("third");
    EXPECT_EQ(one.load(10), (Lines{"first", "第二", "third"}));
    EXPECT_EQ(other.load(2), (Lines{"第二", "third"}));
}

TEST_F(HistoryFileTest, IsReadableByItsOwnerOnly) {
    HistoryFile(path).append("secret");
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(HistoryFileTest, AFileGrownTooLargeIsCutDown) {
    std::filesystem::create_directory(path.parent_path());
    {
        std::ofstream file(path);
        for (int i = 0; i < 200'000; ++i)
            file << "line " << i << "\n";
    }
    EXPECT_EQ(HistoryFile(path).load(2), (Lines{"line 199998", "line 199999"}));
    EXPECT_EQ(std::filesystem::file_size(path), 24U);
}

TEST_F(HistoryFileTest, WithoutAPathNothingIsKept) {
    const HistoryFile none{std::filesystem::path()};
    none.append("x");
    EXPECT_TRUE(none.load(10).empty());
}

}  // namespace
}  // namespace moat::cli
