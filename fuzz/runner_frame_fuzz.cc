// What a runner and its server send each other: the bytes of a socket, and what a frame may say.
// The first byte says who speaks.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "base/frame_channel.h"
#include "inference/protocol.h"

namespace {

using namespace moat;

// What was understood must be said again in the same words.
template <class Parse>
void check(Frame frame, const Parse& parse) {
    const auto message = parse(std::move(frame));
    if (!message) return;
    const Frame said = inference::to_frame(*message);
    const auto again = parse(Frame(said));
    if (!again) __builtin_trap();
    const Frame repeated = inference::to_frame(*again);
    if (json::write(repeated.header) != json::write(said.header)) __builtin_trap();
    if (repeated.payload != said.payload) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLengths = 8;
    constexpr std::uint32_t kMost = 1 << 16;  // what a socket takes at once
    if (size < 1 + kLengths || size > kMost) return 0;
    const bool of_server = data[0] % 2 == 0;
    std::uint32_t lengths[2];
    std::memcpy(lengths, data + 1, sizeof lengths);
    // Announced and never sent, more would only be memory.
    if (lengths[0] > kMost || lengths[1] > kMost) return 0;
    auto sockets = make_socket_pair();
    if (!sockets) return 0;
    const auto sent = ::send(sockets->child.get(), data + 1, size - 1, MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(size - 1)) return 0;
    sockets->child.reset();
    FrameChannel channel(std::move(sockets->parent));
    while (auto frame = channel.read()) {
        if (of_server) {
            check(*std::move(frame), inference::parse_command);
        } else {
            check(*std::move(frame), inference::parse_reply);
        }
    }
    return 0;
}
