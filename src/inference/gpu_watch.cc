#include "inference/gpu_watch.h"

#include "base/child_process.h"
#include "base/log.h"
#include "inference/protocol.h"

namespace moat::inference {
namespace {

Result<std::vector<Gpu>> ask(const std::vector<std::string>& command) {
    TRY_ASSIGN(SocketPair sockets, make_socket_pair());
    TRY_ASSIGN(const ChildProcess child, ChildProcess::start(command, sockets.child));
    sockets.child.reset();
    FrameChannel channel(std::move(sockets.parent));
    const Frame question = to_frame(GpusCommand{});
    TRY(channel.write(question.header, question.payload));
    TRY_ASSIGN(Frame frame, channel.read());
    TRY_ASSIGN(Reply reply, parse_reply(std::move(frame)));
    auto* gpus = std::get_if<GpusReply>(&reply);
    if (gpus == nullptr) return Error{ErrorCode::internal, "the answer is of another kind"};
    return std::move(gpus->gpus);
}

}  // namespace

std::vector<Gpu> GpuWatch::look() {
    if (none_) return {};
    auto gpus = ask(command_);
    if (!gpus) {
        log::warning("the graphics cards could not be asked for: {}", gpus.error().message);
        return {};
    }
    none_ = gpus->empty();
    return *std::move(gpus);
}

}  // namespace moat::inference
