#include "http/ndjson.h"

#include <array>

namespace moat::http {

Status NdjsonStream::open() {
    if (opened_) return Ok{};
    opened_ = true;
    const std::array<std::pair<std::string, std::string>, 1> headers = {{{"X-Accel-Buffering", "no"}
    }};
    return exchange_.start(200, "application/x-ndjson", headers);
}

Status NdjsonStream::line(const json::Value& value) {
    TRY(open());
    std::string text = json::write(value, style_);
    text += '\n';
    return exchange_.write(text);
}

void NdjsonStream::finish() {
    if (const Status opened = open(); !opened) return;
    exchange_.finish();
}

}  // namespace moat::http
