#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/llama/chat_template.h"
#include "adapters/llama/embedder.h"
#include "adapters/llama/generation_loop.h"
#include "adapters/llama/log_capture.h"
#include "adapters/llama/model.h"
#include "adapters/llama/projector.h"
#include "adapters/llama/reply_sink.h"
#include "inference/protocol.h"

// The inside of a `moat runner`: a loaded model that answers the commands of inference/protocol.h.
//
// Threads: two. One calls handle(), which answers small things itself (tokenize, render) and
//          prepares the others, their images included; the other calls run(), which computes.
namespace moat::adapters::llama {

class Runner {
  public:
    // Loads; sends progress and, at the end, LoadedReply. Errors: those of the parts.
    static Result<std::unique_ptr<Runner>> load(
        const inference::LoadCommand& command, const LogCapture& log, ReplySink reply
    );

    // A LoadCommand is refused: there is one model in a runner.
    void handle(inference::Command command);
    // Computes until stop(). One thread.
    void run();
    // Ends run() after the batch it is in. Any thread.
    void stop();

  private:
    Runner(Model model, ReplySink reply) : model_(std::move(model)), reply_(std::move(reply)) {}

    Status make_parts(const inference::LoadCommand& command, const LogCapture& log);
    Status load_draft(const inference::LoadCommand& command, const LogCapture& log);
    void handle_one(const inference::GpusCommand& command);
    void handle_one(const inference::LoadCommand& command);
    void handle_one(const inference::GenerateCommand& command);
    void handle_one(const inference::EmbedCommand& command);
    void handle_one(const inference::RenderCommand& command);
    void handle_one(const inference::TokenizeCommand& command);
    void handle_one(const inference::DetokenizeCommand& command);
    void handle_one(const inference::CancelCommand& command);

    CancelFlag register_request(inference::RequestId id);
    void forget_finished(const inference::Reply& reply);
    void post(std::unique_ptr<Generation> generation);
    void post(std::unique_ptr<EmbedJob> job);
    // Waits for work; takes what was posted to the loop and the embedder. False: stopped.
    bool take_posted();
    bool is_idle();
    void send(const inference::Reply& reply);

    Model model_;
    const ReplySink reply_;
    bool is_embedding_ = false;             // constant after load()
    int context_length_ = 0;                // constant after load()
    std::optional<ChatTemplate> chat_;      // constant after load()
    std::optional<Projector> projector_;    // its encode() and decode(): run()'s thread
    std::unique_ptr<GenerationLoop> loop_;  // run()'s thread; none in an encoder
    std::unique_ptr<Embedder> embedder_;    // run()'s thread; only in an encoder

    std::mutex mutex_;
    std::condition_variable posted_;
    std::vector<std::unique_ptr<Generation>> generations_;  // guarded by mutex_: not yet taken
    std::vector<std::unique_ptr<EmbedJob>> jobs_;           // guarded by mutex_: not yet taken
    std::map<inference::RequestId, CancelFlag> in_flight_;  // guarded by mutex_
    bool stopping_ = false;                                 // guarded by mutex_
};

}  // namespace moat::adapters::llama
