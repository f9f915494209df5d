#pragma once

#include <algorithm>
#include <cstring>

#include "http/exchange.h"

namespace moat::http {

// An exchange without a network, for tests of handlers: remembers what was answered.
// Threads: one.
class RecordedExchange final : public Exchange {
  public:
    explicit RecordedExchange(Request request) : request_(std::move(request)) {}

    const Request& request() const override { return request_; }
    void send(Response response) override {
        answer = std::move(response);
        finished = true;
    }
    Status start(
        int status,
        std::string_view content_type,
        std::span<const std::pair<std::string, std::string>> headers
    ) override {
        answer.status = status;
        answer.content_type = content_type;
        answer.headers.assign(headers.begin(), headers.end());
        return write({});
    }
    Status write(std::string_view piece) override {
        if (gone.stop_requested()) return Error{ErrorCode::cancelled, "the client went away"};
        answer.body += piece;
        return Ok{};
    }
    void finish() override { finished = true; }
    Result<std::size_t> read_body(std::span<std::byte> buffer) override {
        const std::size_t count = std::min(buffer.size(), request_.body.size() - body_read_);
        std::memcpy(buffer.data(), request_.body.data() + body_read_, count);
        body_read_ += count;
        return count;
    }
    std::stop_token client_gone() const override { return gone.get_token(); }

    Response answer;
    bool finished = false;
    std::stop_source gone;

  private:
    Request request_;
    std::size_t body_read_ = 0;
};

}  // namespace moat::http
