#include "base/frame_channel.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>

namespace moat {
namespace {

// The machine is little-endian wherever llama.cpp's GGUF files are read as they are.
struct Lengths {
    std::uint32_t header;
    std::uint32_t payload;
};

// More than any body of a request may have (200), with our own envelope around it.
constexpr std::size_t kMaxHeaderDepth = 256;

const Error kGone{ErrorCode::io, "the other process is gone"};

// sendmsg rather than writev: MSG_NOSIGNAL keeps a dead peer from raising SIGPIPE.
Status send_all(int fd, iovec* parts, std::size_t count) {
    while (count > 0) {
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = count;
        const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return kGone;
        auto left = static_cast<std::size_t>(sent);
        while (count > 0 && left >= parts->iov_len) {
            left -= parts->iov_len;
            ++parts;
            --count;
        }
        if (count > 0) {
            parts->iov_base = static_cast<char*>(parts->iov_base) + left;
            parts->iov_len -= left;
        }
    }
    return Ok{};
}

}  // namespace

Status FrameChannel::read_exactly(char* out, std::size_t count) {
    while (count > 0) {
        const ssize_t got = ::recv(socket_.get(), out, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return kGone;
        out += got;
        count -= static_cast<std::size_t>(got);
    }
    return Ok{};
}

Result<Frame> FrameChannel::read() {
    Lengths lengths{};
    TRY(read_exactly(reinterpret_cast<char*>(&lengths), sizeof lengths));
    if (lengths.header > kMaxHeaderBytes || lengths.payload > kMaxPayloadBytes) {
        return Error{ErrorCode::corrupt, "a frame of another process is over the size limit"};
    }
    std::string text(lengths.header, '\0');
    TRY(read_exactly(text.data(), text.size()));
    Frame frame;
    frame.payload.resize(lengths.payload);
    TRY(read_exactly(frame.payload.data(), frame.payload.size()));

    auto header = json::read(text, {.max_depth = kMaxHeaderDepth});
    if (!header || !header->is_object()) {
        return Error{ErrorCode::corrupt, "a frame of another process has no JSON object as header"};
    }
    frame.header = std::move(header->get_object());
    return frame;
}

Status FrameChannel::write(const json::Object& header, std::string_view payload) {
    const std::string text = json::write(header);
    if (text.size() > kMaxHeaderBytes || payload.size() > kMaxPayloadBytes) {
        return Error{ErrorCode::too_large, "a message to another process is over the size limit"};
    }
    Lengths lengths{
        static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(payload.size())
    };
    iovec parts[] = {
        {&lengths, sizeof lengths},
        {const_cast<char*>(text.data()), text.size()},
        {const_cast<char*>(payload.data()), payload.size()},
    };
    const std::lock_guard lock(write_mutex_);
    return send_all(socket_.get(), parts, 3);
}

// SCM_RIGHTS needs a byte to travel with.
Status FrameChannel::send_descriptor(const Fd& descriptor) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = descriptor.get();
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);

    const std::lock_guard lock(write_mutex_);
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent != 1) return kGone;
    return Ok{};
}

Result<Fd> FrameChannel::receive_descriptor() {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got = 0;
    do {
        got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got != 1) return kGone;
    const cmsghdr* rights = CMSG_FIRSTHDR(&message);
    if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS ||
        rights->cmsg_len != CMSG_LEN(sizeof(int)))
        return Error{ErrorCode::corrupt, "a descriptor of another process did not arrive"};
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    return Fd(fd);
}

void FrameChannel::shut_down() {
    ::shutdown(socket_.get(), SHUT_RDWR);
}

Result<SocketPair> make_socket_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        return Error{
            ErrorCode::io, "cannot make a socket pair: " + std::generic_category().message(errno)
        };  // NOLINT(concurrency-mt-unsafe)
    }
    return SocketPair{Fd(fds[0]), Fd(fds[1])};
}

}  // namespace moat
