#include "inference/runner_process.h"

#include <utility>

#include "base/log.h"

namespace moat::inference {
namespace {

Error cancelled() {
    return Error{ErrorCode::cancelled, "the request was cancelled"};
}

// A reply of a kind the call did not ask for.
Error confused() {
    return Error{ErrorCode::internal, "the model runner gave an answer to another question"};
}

}  // namespace

Error runner_stopped() {
    return Error{
        ErrorCode::internal,
        "model runner has unexpectedly stopped, this may be due to resource limitations or an "
        "internal error, check ollama server logs for details"
    };
}

// The mailbox of one call, for as long as the call lasts. Replies that come later are dropped.
class RunnerProcess::Call {
  public:
    explicit Call(RunnerProcess& runner) : runner_(runner), mailbox_(std::make_shared<Mailbox>()) {
        const std::lock_guard lock(runner_.mutex_);
        id_ = ++runner_.last_id_;
        runner_.calls_[id_] = mailbox_;
        if (!runner_.alive_) mailbox_->close();
    }
    ~Call() {
        const std::lock_guard lock(runner_.mutex_);
        runner_.calls_.erase(id_);
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    RequestId id() const { return id_; }

    Status send(const Command& command) {
        const Frame frame = to_frame(command);
        Status sent = runner_.channel_.write(frame.header, frame.payload);
        // Gone is found out by take(): a reply may have come just before the end.
        if (!sent && sent.error().code != ErrorCode::io) return sent;
        return Ok{};
    }

    // The next reply. Errors: what the runner says; cancelled, after telling the runner; internal.
    Result<Reply> take(const std::stop_token& stop) {
        auto taken = mailbox_->take(stop);
        if (taken.reply) {
            if (auto* error = std::get_if<ErrorReply>(&*taken.reply)) {
                return std::move(error->error);
            }
            return std::move(*taken.reply);
        }
        if (taken.why == Mailbox::Empty::stopped) return cancel();
        return runner_stopped();
    }

    Error cancel() {
        // A runner that is gone need not be told.
        (void)send(CancelCommand{id_});
        return cancelled();
    }

    // The one reply of a call without events.
    template <class Wanted>
    Result<Wanted> take_only(const std::stop_token& stop) {
        TRY_ASSIGN(Reply reply, take(stop));
        auto* wanted = std::get_if<Wanted>(&reply);
        if (wanted == nullptr) return confused();
        return std::move(*wanted);
    }

  private:
    RunnerProcess& runner_;
    std::shared_ptr<Mailbox> mailbox_;
    RequestId id_ = 0;
};

Result<std::unique_ptr<RunnerProcess>> RunnerProcess::start(
    const std::vector<std::string>& arguments, const LoadCommand& load, const LoadWait& wait
) {
    TRY_ASSIGN(SocketPair sockets, make_socket_pair());
    TRY_ASSIGN(ChildProcess child, ChildProcess::start(arguments, sockets.child));
    sockets.child.reset();
    std::unique_ptr<RunnerProcess> runner(
        new RunnerProcess(std::move(child), std::move(sockets.parent), load.model.name)
    );
    TRY_ASSIGN(runner->loaded_, runner->load(load, wait));
    return runner;
}

RunnerProcess::RunnerProcess(ChildProcess child, Fd socket, std::string name)
    : name_(std::move(name)),
      pid_(child.pid()),
      channel_(std::move(socket)),
      child_(std::move(child)),
      reader_([this] { read_replies(); }) {}

RunnerProcess::~RunnerProcess() {
    channel_.shut_down();
    reader_.join();
}

Result<LoadedReply> RunnerProcess::load(const LoadCommand& command, const LoadWait& wait) {
    const auto mailbox = std::make_shared<Mailbox>();
    {
        const std::lock_guard lock(mutex_);
        calls_[0] = mailbox;
        if (!alive_) mailbox->close();
    }
    const Frame frame = to_frame(command);
    // Gone is found out below, after what the child may have said before it went.
    (void)channel_.write(frame.header, frame.payload);
    for (;;) {
        auto taken = mailbox->take(wait.stop, wait.stall_limit);
        if (!taken.reply && taken.why == Mailbox::Empty::stopped) return cancelled();
        if (!taken.reply && taken.why == Mailbox::Empty::timed_out) {
            return Error{
                ErrorCode::timed_out,
                "timed out waiting for the model runner to start: loading made no progress"
            };
        }
        if (!taken.reply) return runner_stopped();
        if (auto* error = std::get_if<ErrorReply>(&*taken.reply)) return std::move(error->error);
        if (auto* done = std::get_if<LoadedReply>(&*taken.reply)) {
            const std::lock_guard lock(mutex_);
            calls_.erase(0);
            return *done;
        }
        const auto* progress = std::get_if<ProgressReply>(&*taken.reply);
        if (progress != nullptr && wait.watch) wait.watch(progress->fraction);
    }
}

void RunnerProcess::read_replies() {
    for (;;) {
        auto frame = channel_.read();
        if (!frame) {
            if (frame.error().code == ErrorCode::corrupt) {
                log::error("runner {} of {}: {}", pid_, name_, frame.error().message);
            }
            break;
        }
        auto reply = parse_reply(std::move(*frame));
        if (!reply) {
            log::error("runner {} of {}: {}", pid_, name_, reply.error().message);
            break;
        }
        deliver(std::move(*reply));
    }
    // Waits a moment so that the log tells how it ended by itself, if it did.
    channel_.shut_down();
    if (!child_.wait(std::chrono::milliseconds(200))) child_.kill();
    close_all();
    child_.wait(std::chrono::seconds(10));
    log::info("runner {} of {} ended: {}", pid_, name_, child_.ending());
}

void RunnerProcess::deliver(Reply reply) {
    const std::lock_guard lock(mutex_);
    const auto call = calls_.find(id_of(reply));
    if (call != calls_.end()) call->second->put(std::move(reply));
}

void RunnerProcess::close_all() {
    const std::lock_guard lock(mutex_);
    alive_ = false;
    for (const auto& [id, mailbox] : calls_)
        mailbox->close();
}

Result<GenerateResult> RunnerProcess::generate(
    const std::string& owner,
    const GenerateRequest& request,
    const EventSink& sink,
    const std::stop_token& stop
) {
    Call call(*this);
    TRY(call.send(GenerateCommand{call.id(), owner, request}));
    for (;;) {
        TRY_ASSIGN(Reply reply, call.take(stop));
        if (auto* done = std::get_if<GeneratedReply>(&reply)) return std::move(done->result);
        const auto* event = std::get_if<EventReply>(&reply);
        if (event == nullptr) return confused();
        if (!sink(event->event)) return call.cancel();
    }
}

Result<EmbedResult> RunnerProcess::embed(const EmbedRequest& request, const std::stop_token& stop) {
    Call call(*this);
    TRY(call.send(EmbedCommand{call.id(), request}));
    TRY_ASSIGN(EmbeddedReply reply, call.take_only<EmbeddedReply>(stop));
    return std::move(reply.result);
}

Result<std::string> RunnerProcess::render(const ChatPrompt& prompt, const std::stop_token& stop) {
    Call call(*this);
    TRY(call.send(RenderCommand{call.id(), prompt}));
    TRY_ASSIGN(TextReply reply, call.take_only<TextReply>(stop));
    return std::move(reply.text);
}

Result<std::vector<std::int32_t>> RunnerProcess::tokenize(
    const TokenizeText& text, const std::stop_token& stop
) {
    Call call(*this);
    TRY(call.send(TokenizeCommand{call.id(), text}));
    TRY_ASSIGN(TokensReply reply, call.take_only<TokensReply>(stop));
    return std::move(reply.tokens);
}

Result<std::string> RunnerProcess::detokenize(
    const std::vector<std::int32_t>& tokens, const std::stop_token& stop
) {
    Call call(*this);
    TRY(call.send(DetokenizeCommand{call.id(), tokens}));
    TRY_ASSIGN(TextReply reply, call.take_only<TextReply>(stop));
    return std::move(reply.text);
}

}  // namespace moat::inference
