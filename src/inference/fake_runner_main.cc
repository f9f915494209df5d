// A runner without a model, for tests of RunnerEngine: what it does is told by the model's name
// (at load) and by the text of the prompt.
//
//   names:    hang, garbage, refuse, die; lingers (does not end with its socket); gated (half
//             loaded until its file is there); anything else loads
//   prompts:  count N   N events "0 ", "1 " ... and a result
//             forever   events until cancelled
//             wait      one event, then nothing until cancelled
//             die       two events, then SIGKILL
//             exit      two events, then exit status 3
//             garbage   two events, then bytes that are no frame
//             wrong     an answer of another kind
//             cancels   how many cancels came, as content
//             pid ...   its process id, as content
//             place     the cards and layers it was told, as content

#include <atomic>
#include <charconv>
#include <csignal>
#include <map>
#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/child_process.h"
#include "base/frame_channel.h"
#include "inference/protocol.h"

namespace moat::inference {
namespace {

class FakeRunner {
  public:
    FakeRunner() : channel_(Fd(kChildSocket)) {}

    [[noreturn]] void run() {
        for (;;) {
            auto frame = channel_.read();
            while (!frame && lingers_)
                ::pause();
            if (!frame) ::_exit(0);
            auto command = parse_command(std::move(*frame));
            if (!command) ::_exit(9);
            std::visit([this](auto& one) { handle(one); }, *command);
        }
    }

  private:
    void send(const Reply& reply) {
        const Frame frame = to_frame(reply);
        if (!channel_.write(frame.header, frame.payload)) ::_exit(0);
    }

    static void send_garbage() {
        const std::string junk(64, '\xff');
        (void)::send(kChildSocket, junk.data(), junk.size(), MSG_NOSIGNAL);
    }

    [[noreturn]] void handle(const GpusCommand& /*command*/) {
        send(GpusReply{{{"FAKE0", 7}, {"FAKE1", 8}}});
        ::_exit(0);
    }

    void handle(const LoadCommand& command) {
        const std::string& name = command.model.name;
        if (name == "hang") {
            send(ProgressReply{0.5});
            for (;;)
                ::pause();
        }
        if (name == "garbage") return send_garbage();
        if (name == "die") ::raise(SIGKILL);
        if (name == "refuse") {
            send(ErrorReply{0, {ErrorCode::corrupt, "this file does not load"}});
            ::_exit(1);
        }
        lingers_ = name == "lingers";
        if (name == "gated") send(ProgressReply{0.5});
        while (name == "gated" && ::access(command.model.gguf.c_str(), F_OK) != 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        for (const std::string& gpu : command.gpus)
            place_ += gpu + " ";
        place_ += std::to_string(command.gpu_layers);
        send(ProgressReply{1});
        send(LoadedReply{command.context_length, command.slots, 1234, 0});
    }

    void handle(const GenerateCommand& command) {
        {
            const std::lock_guard lock(mutex_);
            cancelled_[command.id] = false;
        }
        std::thread([this, command] { generate(command); }).detach();  // ends with the process
    }

    void generate(const GenerateCommand& command) {
        const std::string text = std::get<std::string>(command.request.prompt);
        if (text == "wrong") return send(TextReply{command.id, "not an event"});
        if (text == "cancels") return answer(command.id, std::to_string(cancels_));
        if (text.starts_with("pid")) return answer(command.id, std::to_string(::getpid()));
        if (text == "place") return answer(command.id, place_);
        if (text == "wait") event(command.id, "0 ");
        int count = text == "forever" ? 1 << 30 : text == "wait" ? 0 : 2;
        if (text.starts_with("count ")) {
            std::from_chars(text.data() + 6, text.data() + text.size(), count);
        }
        for (int i = 0; i < count; ++i) {
            if (is_cancelled(command.id)) return refuse_cancelled(command.id);
            event(command.id, std::to_string(i) + " ");
            if (text == "forever") std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (text == "die") ::raise(SIGKILL);
        if (text == "exit") ::_exit(3);
        if (text == "garbage") return send_garbage();
        while (text == "wait" && !is_cancelled(command.id)) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (text == "wait") return refuse_cancelled(command.id);
        finish(command.id, count);
    }

    void answer(RequestId id, std::string content) {
        event(id, std::move(content));
        finish(id, 1);
    }

    void event(RequestId id, std::string content) {
        send(EventReply{id, {std::move(content), "", {}, {}}});
    }

    void finish(RequestId id, int count) {
        GenerateResult result;
        result.generated_tokens = count;
        result.tokens = {1, 2, 3};
        send(GeneratedReply{id, std::move(result)});
    }

    void refuse_cancelled(RequestId id) {
        send(ErrorReply{id, {ErrorCode::cancelled, "cancelled"}});
    }

    bool is_cancelled(RequestId id) {
        const std::lock_guard lock(mutex_);
        return cancelled_[id];
    }

    void handle(const CancelCommand& command) {
        const std::lock_guard lock(mutex_);
        cancelled_[command.id] = true;
        ++cancels_;
    }

    // One vector a text: its length and its place.
    void handle(const EmbedCommand& command) {
        EmbedResult result;
        for (const auto& text : command.request.texts) {
            if (text == "die") ::raise(SIGKILL);
            result.vectors.push_back(
                {static_cast<float>(text.size()), static_cast<float>(result.vectors.size())}
            );
        }
        send(EmbeddedReply{command.id, std::move(result)});
    }

    void handle(const RenderCommand& command) {
        std::string text;
        for (const auto& message : command.prompt.messages) {
            text += message.role + ": " + message.content + "\n";
        }
        send(TextReply{command.id, std::move(text)});
    }

    void handle(const TokenizeCommand& command) {
        send(TokensReply{command.id, {command.text.text.begin(), command.text.text.end()}});
    }

    void handle(const DetokenizeCommand& command) {
        send(TextReply{command.id, {command.tokens.begin(), command.tokens.end()}});
    }

    FrameChannel channel_;
    std::mutex mutex_;
    std::map<RequestId, bool> cancelled_;  // guarded by mutex_
    std::atomic<int> cancels_ = 0;
    std::string place_;     // as told at load
    bool lingers_ = false;  // the reading thread's
};

}  // namespace
}  // namespace moat::inference

int main() {
    moat::inference::FakeRunner().run();
}
