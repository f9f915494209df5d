#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "http/exchange.h"
#include "http/response_writer.h"

namespace moat::http {

// The exchange of a running request: a bounded pipe each way between the handler's thread and the
// connection on the I/O thread. Small writes that come faster than the socket takes them leave as
// one.
//
// Threads: the Exchange side by the handler's, the rest by the I/O thread.
// Borrows: nothing; shared by the two sides, so either may go first.
class LiveExchange final : public Exchange {
  public:
    static constexpr std::size_t kMaxWaitingBytes = std::size_t{256} << 10;  // each way

    // `wake` is called, from any thread, when there is something new for the I/O side; not again
    // before take_output(). A quick handler runs on the I/O thread and may not block it.
    LiveExchange(Request request, bool quick, std::function<void()> wake);

    const Request& request() const override { return request_; }
    void send(Response response) override;
    Status start(
        int status,
        std::string_view content_type,
        std::span<const std::pair<std::string, std::string>> headers
    ) override;
    Status write(std::string_view piece) override;
    void finish() override;
    Result<std::size_t> read_body(std::span<std::byte> buffer) override;
    std::stop_token client_gone() const override { return gone_.get_token(); }

    // The handler returned: answers 500 if it did not answer, and ends what it did not finish.
    void handler_returned();

    struct Output {
        std::optional<ResponseHead> head;  // once, first
        std::string body;
        bool finished = false;
        // Began to stream and did not finish: the client must see a broken body, not a short one.
        bool aborted = false;
    };
    Output take_output();

    // The body, for routes that stream it. No more is offered than body_room() says.
    std::size_t body_room() const;
    void push_body(std::string_view piece);
    void end_body();
    void fail_body(Error error);

    // The client went away: wakes and refuses the handler's writes and reads. The stop token's
    // callbacks run in here, so not on the I/O thread.
    void cancel();
    // The server stops: only the stop token says so, last words still pass. Callbacks likewise.
    void ask_to_stop() { gone_.request_stop(); }

  private:
    void notify();  // mutex_ held

    const Request request_;
    const bool quick_;
    const std::function<void()> wake_;
    std::stop_source gone_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool wake_sent_ = false;            // this and all below guarded by mutex_
    std::optional<ResponseHead> head_;  // not yet taken
    bool started_ = false;
    bool finished_ = false;
    bool aborted_ = false;
    bool cancelled_ = false;
    std::string output_;
    std::string body_;
    std::size_t body_read_ = 0;  // of body_
    bool body_ended_ = false;
    std::optional<Error> body_error_;
};

}  // namespace moat::http
