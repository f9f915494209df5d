#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/child_process.h"
#include "base/frame_channel.h"
#include "inference/engine.h"
#include "inference/mailbox.h"
#include "inference/protocol.h"

// One `moat runner` child with one model loaded, and the calls in flight on it.
//
// Threads: any, after start(). Calls block until answered, stopped, or the child is gone.
// Owns:    the child; the destructor ends it. Calls must have returned before.
// Errors:  those the runner answers with; cancelled; internal when the child dies, closes its
//          socket or sends garbage (it is then killed), with Ollama's text; internal when a reply
//          is of the wrong kind (the child lives on, and what it does for the call is not stopped).
namespace moat::inference {

// How a load is waited for.
struct LoadWait {
    Duration stall_limit{};                        // without progress; zero or less: any
    std::function<void(double fraction)> watch{};  // called now and then, from the calling thread
    std::stop_token stop{};                        // gives up the load
};

class RunnerProcess {
  public:
    // Starts `arguments` and waits until the model is loaded. Errors: io (cannot start), those of
    // the load, timed_out, cancelled, internal.
    static Result<std::unique_ptr<RunnerProcess>> start(
        const std::vector<std::string>& arguments, const LoadCommand& load, const LoadWait& wait
    );
    ~RunnerProcess();
    RunnerProcess(const RunnerProcess&) = delete;
    RunnerProcess& operator=(const RunnerProcess&) = delete;

    // `owner`: whose turn it takes among those that wait.
    Result<GenerateResult> generate(
        const std::string& owner,
        const GenerateRequest& request,
        const EventSink& sink,
        const std::stop_token& stop
    );
    Result<EmbedResult> embed(const EmbedRequest& request, const std::stop_token& stop);
    Result<std::string> render(const ChatPrompt& prompt, const std::stop_token& stop);
    Result<std::vector<std::int32_t>> tokenize(
        const TokenizeText& text, const std::stop_token& stop
    );
    Result<std::string> detokenize(
        const std::vector<std::int32_t>& tokens, const std::stop_token& stop
    );

    // False once the child is gone: it answers no more.
    bool alive() const { return alive_; }
    pid_t pid() const { return pid_; }
    const LoadedReply& loaded() const { return loaded_; }

  private:
    class Call;

    RunnerProcess(ChildProcess child, Fd socket, std::string name);
    Result<LoadedReply> load(const LoadCommand& command, const LoadWait& wait);
    void read_replies();
    void deliver(Reply reply);
    void close_all();

    const std::string name_;
    const pid_t pid_;
    FrameChannel channel_;
    ChildProcess child_;  // after the constructor, only the reader's
    LoadedReply loaded_;  // constant after start()
    std::atomic<bool> alive_ = true;
    std::mutex mutex_;
    RequestId last_id_ = 0;                                // guarded by mutex_
    std::map<RequestId, std::shared_ptr<Mailbox>> calls_;  // guarded by mutex_; 0: the load
    std::thread reader_;                                   // last: it uses all of the above
};

// What a client sees when its runner died.
Error runner_stopped();

}  // namespace moat::inference
