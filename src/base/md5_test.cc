#include "base/md5.h"

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(Md5Test, MatchesTheVectorsOfRfc1321) {
    EXPECT_EQ(to_hex(Md5Stream().finish()), "d41d8cd98f00b204e9800998ecf8427e");
    Md5Stream stream;
    stream.update(bytes_of("message "));
    stream.update(bytes_of("digest"));
    EXPECT_EQ(to_hex(stream.finish()), "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace
}  // namespace moat
