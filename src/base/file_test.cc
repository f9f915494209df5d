#include "base/file.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace moat {
namespace {

TEST(File, AtomicWriteReplacesAndLeavesNoTemporary) {
    const TempDir dir;
    const auto path = dir.path() / "a";
    ASSERT_TRUE(write_file_atomically(path, bytes_of("one")));
    ASSERT_TRUE(write_file_atomically(path, bytes_of("two")));
    EXPECT_EQ(*read_file(path), "two");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(File, ReadTellsAbsentFromTooLarge) {
    const TempDir dir;
    ASSERT_TRUE(write_file_atomically(dir.path() / "a", bytes_of("12345")));
    EXPECT_EQ(read_file(dir.path() / "b").error().code, ErrorCode::not_found);
    EXPECT_EQ(read_file(dir.path() / "a", 4).error().code, ErrorCode::too_large);
    EXPECT_EQ(*read_file(dir.path() / "a", 5), "12345");
}

TEST(File, WriteIntoAMissingDirectoryIsAnError) {
    const TempDir dir;
    EXPECT_FALSE(write_file_atomically(dir.path() / "no" / "a", bytes_of("x")));
}

}  // namespace
}  // namespace moat
