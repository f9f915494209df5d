#include "http/connection.h"

#include <algorithm>
#include <exception>

#include <boost/asio/post.hpp>

#include "base/ids.h"
#include "base/log.h"

namespace moat::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kInboxBytes = std::size_t{128} << 10;
constexpr std::size_t kReadBytes = std::size_t{16} << 10;
// A response head and a body up to this size leave in one write.
constexpr std::size_t kJoinBytes = std::size_t{64} << 10;

Error timed_out() {
    return Error{ErrorCode::timed_out, "the request took too long to arrive"};
}
Error left() {
    return Error{ErrorCode::cancelled, "the client went away"};
}

// A client may name its request so that its log and ours can be joined.
std::string request_id_of(const MessageHead& head) {
    for (const auto& [name, value] : head.headers) {
        if (name != "x-request-id" || value.empty() || value.size() > 64) continue;
        const bool plain = std::ranges::all_of(value, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_' || c == '.';
        });
        if (plain) return value;
    }
    return random_hex(8);
}

std::string date_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return http_date(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace

Connection::Connection(
    std::unique_ptr<Stream> stream, ConnectionContext& context, std::string remote
)
    : context_(context),
      stream_(std::move(stream)),
      remote_(std::move(remote)),
      changed_(context.executor),
      room_(context.executor) {}

Connection::~Connection() {
    hold(0);
}

// The memory that the current body takes counts against what all may take together.
void Connection::hold(std::size_t bytes) {
    context_.body_bytes_held += bytes - held_bytes_;
    held_bytes_ = bytes;
}

asio::awaitable<void> Connection::run() {
    const auto self = shared_from_this();
    expect_client_within(context_.limits.handshake);
    const bool greeted = co_await stream_->handshake();
    if (greeted && !closed_) {
        context_.spawn(read_loop());
        bool more = true;
        while (more)
            more = co_await serve_one();
        co_await say_goodbye();
    }
    close();
}

asio::awaitable<void> Connection::read_loop() {
    const auto self = shared_from_this();
    std::string piece(kReadBytes, '\0');
    while (!closed_) {
        if (inbox_.size() >= kInboxBytes && !discarding_) {
            co_await room_.wait();
            continue;
        }
        const std::size_t count = co_await stream_->read_some(piece);
        if (count == 0) break;
        if (!discarding_) inbox_.append(piece, 0, count);
        changed_.set();
    }
    ended_ = true;
    changed_.set();
    cancel_request();
}

void Connection::cancel_request() {
    if (exchange_) context_.cancellers.post([exchange = exchange_] { exchange->cancel(); });
}

void Connection::stop_request() {
    if (exchange_) context_.cancellers.post([exchange = exchange_] { exchange->ask_to_stop(); });
}

void Connection::close() {
    closed_ = true;
    stream_->close();
    room_.set();
    changed_.set();
}

void Connection::check_deadline(Clock::time_point now) {
    if (closed_ || !deadline_ || now < *deadline_) return;
    if (reply_on_timeout_ && !timed_out_) {
        timed_out_ = true;
        changed_.set();
        return;
    }
    close();
}

void Connection::expect_client_within(std::chrono::milliseconds time) {
    deadline_ = Clock::now() + time;
    reply_on_timeout_ = false;
}

void Connection::expect_body_progress() {
    const auto now = Clock::now();
    const auto& limits = context_.limits;
    const auto earned = std::chrono::seconds(body_bytes_ / limits.min_body_bytes_per_second);
    deadline_ = std::min(now + limits.body_stall, body_began_ + limits.body_stall + earned);
    reply_on_timeout_ = true;
}

void Connection::consume(std::size_t count) {
    if (count == 0) return;
    inbox_.erase(0, count);
    room_.set();
}

asio::awaitable<bool> Connection::serve_one() {
    keep_alive_ = true;
    exchange_ = nullptr;
    extra_headers_.clear();
    head_only_ = false;
    hold(0);
    const Result<bool> begun = co_await read_head();
    if (!begun) {
        request_id_ = random_hex(8);
        const int status = begun.error().code == ErrorCode::too_large     ? 431
                           : begun.error().code == ErrorCode::timed_out   ? 408
                           : begun.error().code == ErrorCode::unsupported ? 501
                                                                          : 400;
        co_await refuse(context_.admission.error("", status, begun.error()));
        co_return false;
    }
    if (!*begun) co_return false;

    const MessageHead& head = *reader_->head();
    request_id_ = request_id_of(head);
    head_only_ = head.method == "HEAD";
    keep_alive_ = head.keep_alive && !context_.stopping;
    auto admitted = context_.admission.admit(head, remote_, request_id_);
    if (auto* refused = std::get_if<Admission::Refused>(&admitted)) {
        // Only when there is no body can the next request be found behind this one.
        if (head.has_body) keep_alive_ = false;
        Response response = std::move(refused->response);
        co_await reply(std::move(response), {});
        co_return keep_alive_;
    }
    if (head.expects_continue && head.has_body && inbox_.empty()) {
        const bool told = co_await write_all("HTTP/1.1 100 Continue\r\n\r\n");
        if (!told) co_return false;
    }
    auto accepted = std::get<Admission::Admitted>(std::move(admitted));
    co_await run_handler(std::move(accepted));
    co_return keep_alive_;
}

// True: reader_ has a head. False: the client has no more requests.
asio::awaitable<Result<bool>> Connection::read_head() {
    reader_.emplace();
    timed_out_ = false;
    bool begun = false;
    expect_client_within(context_.limits.idle);
    while (true) {
        if (!inbox_.empty()) {
            const auto used = reader_->read_head(inbox_);
            if (!used) co_return used.error();
            consume(*used);
            if (reader_->head()) break;
        }
        if (!begun && !inbox_.empty()) {
            begun = true;
            expect_client_within(context_.limits.head);
            reply_on_timeout_ = true;
        }
        if (timed_out_) co_return timed_out();
        if (ended_ || closed_ || (context_.stopping && !begun)) co_return false;
        co_await changed_.wait();
    }
    deadline_.reset();
    body_bytes_ = 0;
    body_began_ = Clock::now();
    co_return true;
}

Result<std::size_t> Connection::take_body(std::string& out, std::size_t max) {
    const std::size_t before = out.size();
    auto used = reader_->read_body(inbox_, out, max);
    if (!used) return used;
    consume(*used);
    body_bytes_ += out.size() - before;
    // A chunk header longer than the whole inbox.
    if (*used == 0 && !reader_->done() && out.size() == before && inbox_.size() >= kInboxBytes)
        return Error{ErrorCode::invalid_argument, "malformed request: chunk"};
    return used;
}

asio::awaitable<Result<std::string>> Connection::read_body(std::size_t limit) {
    std::string body;
    while (!reader_->done()) {
        const auto used = take_body(body, limit + 1 - body.size());
        if (!used) co_return used.error();
        if (body.size() > limit) co_return Error{ErrorCode::too_large, ""};
        if (reader_->done()) break;
        hold(body.size());
        if (context_.body_bytes_held > context_.limits.max_body_bytes_held)
            co_return Error{ErrorCode::busy, "server busy, please try again"};
        if (*used > 0) continue;
        expect_body_progress();
        if (timed_out_) co_return timed_out();
        if (ended_ || closed_) co_return left();
        co_await changed_.wait();
    }
    deadline_.reset();
    co_return body;
}

asio::awaitable<void> Connection::run_handler(Admission::Admitted admitted) {
    const Route& route = *admitted.route;
    extra_headers_ = std::move(admitted.headers);
    if (!route.stream_body && !reader_->done()) {
        auto body = co_await read_body(route.max_body_bytes);
        if (!body) {
            co_await refuse(body_refusal(admitted.request.path, route, body.error()));
            co_return;
        }
        admitted.request.body = *std::move(body);
    }
    if (!route.quick && context_.workers.queued() >= context_.limits.max_waiting) {
        const Error busy{ErrorCode::busy, "server busy, please try again"};
        co_await refuse(context_.admission.error(admitted.request.path, 503, busy));
        co_return;
    }
    make_exchange(std::move(admitted.request), route);
    start_handler(route);
    const bool intact = co_await pump_output(route.max_body_bytes);
    if (!intact || !reader_->done()) keep_alive_ = false;
    if (!intact) cancel_request();
    exchange_ = nullptr;
}

Response Connection::body_refusal(const std::string& path, const Route& route, const Error& error)
    const {
    if (error.code == ErrorCode::too_large)
        return context_.admission.body_too_large(path, route.max_body_bytes);
    const int status = error.code == ErrorCode::timed_out ? 408 : status_of(error.code);
    return context_.admission.error(path, status, error);
}

void Connection::make_exchange(Request request, const Route& route) {
    // The wake-up may come after the connection is gone: it holds no share of it.
    auto wake = [weak = weak_from_this(), executor = context_.executor] {
        asio::post(executor, [weak] {
            if (const auto self = weak.lock()) self->changed_.set();
        });
    };
    exchange_ = std::make_shared<LiveExchange>(std::move(request), route.quick, std::move(wake));
    body_complete_ = !route.stream_body || reader_->done();
    if (body_complete_) exchange_->end_body();
}

void Connection::start_handler(const Route& route) {
    auto work = [exchange = exchange_, &route] {
        // What a handler throws is a bug or out-of-memory of one request; the others go on.
        try {
            route.handler(*exchange);
        } catch (const std::exception& failure) {
            const Request& request = exchange->request();
            log::error("{} {} {}: {}", request.id, request.method, request.path, failure.what());
        }
        exchange->handler_returned();
    };
    if (route.quick)
        work();
    else
        context_.workers.post(std::move(work));
    if (ended_) cancel_request();
}

// Moves the handler's output to the client, and a streamed body to the handler, until the answer
// is complete. False: the connection is of no further use.
asio::awaitable<bool> Connection::pump_output(std::size_t body_limit) {
    while (true) {
        if (!body_complete_) feed_body(body_limit);
        LiveExchange::Output output = exchange_->take_output();
        const bool finished = output.finished;
        const bool aborted = output.aborted;
        if (output.head || !output.body.empty() || finished) {
            const bool written = co_await write_output(std::move(output));
            if (!written || aborted) co_return false;
            if (finished) co_return true;
            continue;
        }
        if (closed_) co_return false;
        co_await changed_.wait();
    }
}

void Connection::feed_body(std::size_t limit) {
    const auto fail = [this](Error error) {
        body_complete_ = true;
        exchange_->fail_body(std::move(error));
    };
    deadline_.reset();
    while (!reader_->done()) {
        const std::size_t room = exchange_->body_room();
        if (room == 0) return;  // the handler is the slow one
        std::string piece;
        const auto used = take_body(piece, room);
        if (!used) return fail(used.error());
        if (body_bytes_ > limit)
            return fail(Error{ErrorCode::too_large, "the request body is too large"});
        exchange_->push_body(piece);
        if (*used > 0 || reader_->done()) continue;
        if (timed_out_) return fail(timed_out());
        if (ended_ || closed_) return fail(left());
        return expect_body_progress();
    }
    body_complete_ = true;
    exchange_->end_body();
}

// Answers without a handler, and ends the connection: there may be a body nobody reads.
asio::awaitable<void> Connection::refuse(Response response) {
    keep_alive_ = false;
    co_await reply(std::move(response), extra_headers_);
}

asio::awaitable<void> Connection::reply(Response response, HeaderList extra) {
    extra_headers_ = std::move(extra);
    LiveExchange::Output output;
    output.head = ResponseHead{
        .status = response.status,
        .content_type = std::move(response.content_type),
        .headers = std::move(response.headers),
        .length = response.body.size()
    };
    output.body = std::move(response.body);
    output.finished = true;
    const bool written = co_await write_output(std::move(output));
    if (!written) keep_alive_ = false;
}

// The head as bytes; settles how the body is framed and whether the connection goes on.
std::string Connection::begin_response(ResponseHead head, bool finished) {
    const bool parsed = reader_ && reader_->head();
    head.http_1_0 = parsed && reader_->head()->http_1_0;
    // With bytes of the request still to come, only the end of the connection is clear.
    if (finished && parsed && !reader_->done()) keep_alive_ = false;
    chunked_ = !head.length && !head.http_1_0;
    if (!head.length && head.http_1_0) keep_alive_ = false;
    if (!status_has_body(head.status)) head_only_ = true;
    head.keep_alive = keep_alive_;
    head.headers.insert(head.headers.end(), extra_headers_.begin(), extra_headers_.end());
    head.headers.emplace_back("X-Request-Id", request_id_);
    if (parsed)
        log::debug(
            "{} {} {} {}",
            request_id_,
            reader_->head()->method,
            reader_->head()->target,
            head.status
        );
    return response_head(head, date_now());
}

asio::awaitable<bool> Connection::write_output(LiveExchange::Output output) {
    std::string bytes;
    if (output.head) bytes = begin_response(*std::move(output.head), output.finished);
    if (!head_only_ && chunked_) {
        append_chunk(bytes, output.body);
        if (output.finished && !output.aborted) bytes += kLastChunk;
    } else if (!head_only_ && bytes.size() + output.body.size() <= kJoinBytes) {
        bytes += output.body;
    } else if (!head_only_) {
        const bool written = co_await write_all(std::move(bytes));
        if (!written) co_return false;
        bytes = std::move(output.body);
    }
    co_return co_await write_all(std::move(bytes));
}

asio::awaitable<bool> Connection::write_all(std::string bytes) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
        if (closed_) co_return false;
        expect_client_within(context_.limits.write_stall);
        const std::size_t count = co_await stream_->write_some(rest);
        if (count == 0) co_return false;
        rest.remove_prefix(count);
    }
    deadline_.reset();
    co_return true;
}

// Closing with unread input would make the kernel throw our last answer away.
asio::awaitable<void> Connection::say_goodbye() {
    if (closed_ || ended_) co_return;
    discarding_ = true;
    inbox_.clear();
    room_.set();
    expect_client_within(context_.limits.linger);
    co_await stream_->end_writing();
    while (!ended_ && !closed_)
        co_await changed_.wait();
}

}  // namespace moat::http
