#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

namespace moat::http {

// One Server-Sent Event as bytes (HTML standard, section 9.2); no `event:` line when `name` is
// empty. Every line of `data` becomes a data line.
std::string sse_event(std::string_view name, std::string_view data);

// A text/event-stream answer. Borrows the exchange. Threads: its handler's.
// Errors: cancelled, once the client is gone.
class SseStream {
  public:
    explicit SseStream(Exchange& exchange) : exchange_(exchange) {}

    // Sends the head; the first event does it too. Proxies are told not to buffer.
    Status open();
    Status event(std::string_view name, std::string_view data);
    Status event(std::string_view name, const json::Value& data);
    bool opened() const { return opened_; }
    void finish();

  private:
    Exchange& exchange_;
    bool opened_ = false;
};

}  // namespace moat::http
