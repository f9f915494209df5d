#include "http/live_exchange.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/log.h"

namespace moat::http {
namespace {

Error client_went_away() {
    return Error{ErrorCode::cancelled, "the client went away"};
}

}  // namespace

LiveExchange::LiveExchange(Request request, bool quick, std::function<void()> wake)
    : request_(std::move(request)), quick_(quick), wake_(std::move(wake)) {}

void LiveExchange::notify() {
    if (wake_sent_) return;
    wake_sent_ = true;
    wake_();
}

void LiveExchange::send(Response response) {
    const std::lock_guard lock(mutex_);
    CHECK(!started_, "a second answer to one request");
    started_ = true;
    finished_ = true;
    head_ = ResponseHead{
        .status = response.status,
        .content_type = std::move(response.content_type),
        .headers = std::move(response.headers),
        .length = response.body.size()
    };
    output_ = std::move(response.body);
    notify();
}

Status LiveExchange::start(
    int status,
    std::string_view content_type,
    std::span<const std::pair<std::string, std::string>> headers
) {
    const std::lock_guard lock(mutex_);
    CHECK(!started_, "a second answer to one request");
    started_ = true;
    head_ = ResponseHead{
        .status = status,
        .content_type = std::string(content_type),
        .headers = HeaderList(headers.begin(), headers.end()),
        .length = std::nullopt
    };
    notify();
    if (cancelled_) return client_went_away();
    return Ok{};
}

Status LiveExchange::write(std::string_view piece) {
    std::unique_lock lock(mutex_);
    CHECK(started_ && !finished_, "write() outside of start() and finish()");
    changed_.wait(lock, [this] {
        return quick_ || cancelled_ || output_.size() < kMaxWaitingBytes;
    });
    if (cancelled_) return client_went_away();
    output_ += piece;
    notify();
    return Ok{};
}

void LiveExchange::finish() {
    const std::lock_guard lock(mutex_);
    CHECK(started_ && !finished_, "finish() outside of an answer");
    finished_ = true;
    notify();
}

Result<std::size_t> LiveExchange::read_body(std::span<std::byte> buffer) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
        return cancelled_ || body_error_ || body_ended_ || body_read_ < body_.size();
    });
    // What has arrived is handed out first: the end of the connection may come with the last bytes.
    const std::size_t count = std::min(buffer.size(), body_.size() - body_read_);
    if (count > 0) {
        std::memcpy(buffer.data(), body_.data() + body_read_, count);
        body_read_ += count;
        if (body_read_ == body_.size()) {
            body_.clear();
            body_read_ = 0;
            notify();
        }
        return count;
    }
    if (body_ended_) return std::size_t{0};
    if (body_error_) return *body_error_;
    return client_went_away();
}

void LiveExchange::handler_returned() {
    const std::lock_guard lock(mutex_);
    if (!started_) {
        if (!cancelled_)
            log::error("{} {} returned without an answer", request_.method, request_.path);
        started_ = true;
        finished_ = true;
        output_ = R"({"error":"internal server error, request )" + request_.id + "\"}";
        head_ = ResponseHead{
            .status = 500,
            .content_type = "application/json; charset=utf-8",
            .headers = {},
            .length = output_.size()
        };
    } else if (!finished_) {
        aborted_ = true;
        finished_ = true;
    }
    notify();
}

LiveExchange::Output LiveExchange::take_output() {
    const std::lock_guard lock(mutex_);
    wake_sent_ = false;
    Output out;
    out.head = std::exchange(head_, std::nullopt);
    out.body = std::exchange(output_, {});
    out.finished = finished_;
    out.aborted = aborted_;
    changed_.notify_all();
    return out;
}

std::size_t LiveExchange::body_room() const {
    const std::lock_guard lock(mutex_);
    const std::size_t waiting = body_.size() - body_read_;
    return waiting >= kMaxWaitingBytes ? 0 : kMaxWaitingBytes - waiting;
}

void LiveExchange::push_body(std::string_view piece) {
    const std::lock_guard lock(mutex_);
    body_.erase(0, body_read_);
    body_read_ = 0;
    body_ += piece;
    changed_.notify_all();
}

void LiveExchange::end_body() {
    const std::lock_guard lock(mutex_);
    body_ended_ = true;
    changed_.notify_all();
}

void LiveExchange::fail_body(Error error) {
    const std::lock_guard lock(mutex_);
    body_error_ = std::move(error);
    changed_.notify_all();
}

void LiveExchange::cancel() {
    {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
        changed_.notify_all();
    }
    gone_.request_stop();
}

}  // namespace moat::http
