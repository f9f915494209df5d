#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/worker_pool.h"
#include "http/admission.h"
#include "http/event.h"
#include "http/live_exchange.h"
#include "http/message_reader.h"
#include "http/server.h"
#include "http/stream.h"

namespace moat::http {

// What all connections of a server share. Threads: the I/O thread.
struct ConnectionContext {
    boost::asio::any_io_executor executor;
    const Admission& admission;
    const ServerLimits& limits;
    WorkerPool& workers;
    WorkerPool& cancellers;  // run stop callbacks, which must not hold up the I/O thread
    std::size_t body_bytes_held = 0;
    bool stopping = false;
    // Starts a coroutine the server waits for.
    std::function<void(boost::asio::awaitable<void>)> spawn;
};

// One client: its requests, one after the other. Two coroutines: read_loop() moves bytes from the
// socket to inbox_ and notices when the client leaves; run() does everything else. Both look at
// the state below whenever changed_ says so.
//
// Threads: the I/O thread. Owns itself through its coroutines.
class Connection final : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::unique_ptr<Stream> stream, ConnectionContext& context, std::string remote);
    ~Connection();

    // The whole life of the connection.
    boost::asio::awaitable<void> run();

    // Called every now and then: gives up a client that is too slow.
    void check_deadline(std::chrono::steady_clock::time_point now);
    // The server stops: an idle connection ends now, a busy one after its request.
    void wake() { changed_.set(); }
    // The client is gone, so the running request is for nobody.
    void cancel_request();
    // The server stops: the running request is to end, and may still say so to its client.
    void stop_request();
    void close();

  private:
    using Clock = std::chrono::steady_clock;

    boost::asio::awaitable<void> read_loop();
    boost::asio::awaitable<bool> serve_one();  // false: the connection ends
    boost::asio::awaitable<Result<bool>> read_head();
    boost::asio::awaitable<Result<std::string>> read_body(std::size_t limit);
    boost::asio::awaitable<void> run_handler(Admission::Admitted admitted);
    boost::asio::awaitable<bool> pump_output(std::size_t body_limit);
    boost::asio::awaitable<void> refuse(Response response);
    boost::asio::awaitable<void> reply(Response response, HeaderList extra);
    boost::asio::awaitable<bool> write_output(LiveExchange::Output output);
    boost::asio::awaitable<bool> write_all(std::string bytes);
    boost::asio::awaitable<void> say_goodbye();

    void start_handler(const Route& route);
    void feed_body(std::size_t limit);
    void hold(std::size_t bytes);
    Result<std::size_t> take_body(std::string& out, std::size_t max);
    void consume(std::size_t count);
    void make_exchange(Request request, const Route& route);
    Response body_refusal(const std::string& path, const Route& route, const Error& error) const;
    std::string begin_response(ResponseHead head, bool finished);
    void expect_client_within(std::chrono::milliseconds time);
    void expect_body_progress();

    ConnectionContext& context_;
    const std::unique_ptr<Stream> stream_;
    const std::string remote_;
    Event changed_;
    Event room_;  // in inbox_

    std::string inbox_;        // received, not yet used
    bool ended_ = false;       // nothing more will come
    bool discarding_ = false;  // what comes is of no interest
    bool closed_ = false;
    std::optional<Clock::time_point> deadline_;  // for the client, not for us
    bool timed_out_ = false;
    bool reply_on_timeout_ = false;  // rather than just closing

    // Of the current request.
    std::optional<MessageReader> reader_;
    std::shared_ptr<LiveExchange> exchange_;
    std::string request_id_;
    HeaderList extra_headers_;
    bool body_complete_ = false;  // of a streamed one, or given up
    std::size_t body_bytes_ = 0;
    std::size_t held_bytes_ = 0;  // of context_.body_bytes_held
    Clock::time_point body_began_;
    bool keep_alive_ = true;
    bool chunked_ = false;    // the response
    bool head_only_ = false;  // a HEAD request
};

}  // namespace moat::http
