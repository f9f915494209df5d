#include "base/frame_channel.h"

#include <sys/socket.h>
#include <thread>

#include <gtest/gtest.h>

namespace moat {
namespace {

struct FrameChannelTest : testing::Test {
    SocketPair sockets = *make_socket_pair();
};

TEST_F(FrameChannelTest, CarriesHeadersAndLargePayloadsInOrder) {
    FrameChannel a(std::move(sockets.parent));
    FrameChannel b(std::move(sockets.child));
    const std::string large(3 << 20, 'x');
    std::jthread writer([&] {
        EXPECT_TRUE(a.write({{"n", 1}}, large));
        EXPECT_TRUE(a.write({{"n", 2}}));
    });
    const auto first = b.read();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->header.at("n").as_int64(), 1);
    EXPECT_EQ(first->payload, large);
    EXPECT_EQ(b.read()->header.at("n").as_int64(), 2);
}

TEST_F(FrameChannelTest, ReportsAPeerThatIsGoneAndNeverRaisesASignal) {
    FrameChannel a(std::move(sockets.parent));
    sockets.child.reset();
    EXPECT_EQ(a.read().error().code, ErrorCode::io);
    EXPECT_EQ(a.write({{"n", 1}}).error().code, ErrorCode::io);
}

TEST_F(FrameChannelTest, RefusesLengthsOverTheLimitWithoutReadingThem) {
    FrameChannel a(std::move(sockets.parent));
    const std::uint32_t lengths[] = {0xFFFFFFFF, 0};
    ASSERT_EQ(::send(sockets.child.get(), lengths, sizeof lengths, 0), 8);
    EXPECT_EQ(a.read().error().code, ErrorCode::corrupt);
}

// What a request may hold (api/request/go_json.h: 200 levels) travels inside a header of our own.
TEST_F(FrameChannelTest, CarriesHeadersNestedDeeperThanAnyRequestMayBe) {
    FrameChannel a(std::move(sockets.parent));
    FrameChannel b(std::move(sockets.child));
    json::Value nested = 1;
    for (int i = 0; i < 220; ++i)
        nested = json::Array{std::move(nested)};
    const json::Object header{{"tools", nested}};
    ASSERT_TRUE(a.write(header));
    const auto frame = b.read();
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(json::write(frame->header), json::write(header));
}

TEST_F(FrameChannelTest, CarriesAnOpenDescriptorBetweenFrames) {
    FrameChannel a(std::move(sockets.parent));
    FrameChannel b(std::move(sockets.child));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    Fd reading(ends[0]);
    const Fd writing(ends[1]);
    ASSERT_TRUE(a.write({{"n", 1}}));
    ASSERT_TRUE(a.send_descriptor(reading));
    ASSERT_TRUE(a.write({{"n", 2}}));
    reading.reset();

    EXPECT_EQ(b.read()->header.at("n").as_int64(), 1);
    const auto received = b.receive_descriptor();
    ASSERT_TRUE(received);
    EXPECT_EQ(b.read()->header.at("n").as_int64(), 2);
    ASSERT_EQ(::write(writing.get(), "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(received->get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
}

TEST_F(FrameChannelTest, ShutDownWakesABlockedReader) {
    FrameChannel a(std::move(sockets.parent));
    std::jthread reader([&] { EXPECT_EQ(a.read().error().code, ErrorCode::io); });
    a.shut_down();
}

}  // namespace
}  // namespace moat
