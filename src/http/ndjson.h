#pragma once

#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

namespace moat::http {

// An application/x-ndjson answer: one JSON text and a line feed each. Borrows the exchange.
// Threads: its handler's. Errors: cancelled, once the client is gone.
class NdjsonStream {
  public:
    explicit NdjsonStream(Exchange& exchange, json::Style style = json::Style::html_safe)
        : exchange_(exchange), style_(style) {}

    // The first line sends the head.
    Status line(const json::Value& value);
    bool opened() const { return opened_; }
    void finish();

  private:
    Status open();

    Exchange& exchange_;
    const json::Style style_;
    bool opened_ = false;
};

}  // namespace moat::http
