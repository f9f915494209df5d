#include "app/open_files.h"

#include <limits>
#include <sys/resource.h>

#include <gtest/gtest.h>

namespace moat::app {
namespace {

TEST(OpenFiles, TheSoftLimitIsRaisedToTheHardOne) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(raise_open_files_limit(), before.rlim_max);
    rlimit after{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_cur, before.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(OpenFiles, ConnectionsLeaveHalfOfTheFilesToTheRest) {
    EXPECT_EQ(connections_for(1024), 512U);
    EXPECT_EQ(connections_for(8192), 4096U);
    EXPECT_EQ(connections_for(1'048'576), 4096U);
    EXPECT_EQ(connections_for(std::numeric_limits<std::size_t>::max()), 4096U);
}

}  // namespace
}  // namespace moat::app
