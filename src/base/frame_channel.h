#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/fd.h"
#include "base/json.h"
#include "base/result.h"

// Messages between the server and its child processes (moat runner, moat parse) over an inherited
// socket.
//
// Format:  u32 header bytes, u32 payload bytes (little-endian), header (a JSON object), payload
//          (raw bytes: floats, a file, an image).
// Threads: one reader and any number of writers at a time; shut_down() from any thread ends both.
// Errors:  io when the other side is gone; read(): corrupt for a frame over the limits or a bad
//          header (no JSON object, or nested more than 256 deep); write(): too_large for a frame
//          over the limits, of which nothing was sent.
namespace moat {

struct Frame {
    json::Object header;
    std::string payload;
};

class FrameChannel {
  public:
    static constexpr std::uint32_t kMaxHeaderBytes = 64U << 20;
    static constexpr std::uint32_t kMaxPayloadBytes = 1U << 30;

    explicit FrameChannel(Fd socket) : socket_(std::move(socket)) {}

    // Blocks for one whole frame.
    Result<Frame> read();
    // Blocks while the other side does not read.
    Status write(const json::Object& header, std::string_view payload = {});
    // An open descriptor, between two frames: the other side must call receive_descriptor() at
    // that point. The sender keeps its own. Errors: io.
    Status send_descriptor(const Fd& descriptor);
    Result<Fd> receive_descriptor();
    // Wakes a blocked read() and write() with io, now and later.
    void shut_down();

  private:
    Status read_exactly(char* out, std::size_t count);

    Fd socket_;
    std::mutex write_mutex_;
};

// A connected pair of stream sockets, close-on-exec.
struct SocketPair {
    Fd parent;
    Fd child;
};
Result<SocketPair> make_socket_pair();

}  // namespace moat
