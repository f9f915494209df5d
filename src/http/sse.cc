#include "http/sse.h"

#include <array>

namespace moat::http {

std::string sse_event(std::string_view name, std::string_view data) {
    std::string out;
    if (!name.empty()) out.append("event: ").append(name) += '\n';
    while (true) {
        // CR, LF and CRLF all end a line for the reader.
        const std::size_t end = data.find_first_of("\r\n");
        out.append("data: ").append(data.substr(0, end)) += '\n';
        if (end == std::string_view::npos) break;
        const bool crlf = data.substr(end).starts_with("\r\n");
        data = data.substr(end + (crlf ? 2 : 1));
    }
    out += '\n';
    return out;
}

Status SseStream::open() {
    if (opened_) return Ok{};
    opened_ = true;
    const std::array<std::pair<std::string, std::string>, 2> headers = {
        {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}
    };
    return exchange_.start(200, "text/event-stream", headers);
}

Status SseStream::event(std::string_view name, std::string_view data) {
    TRY(open());
    return exchange_.write(sse_event(name, data));
}

Status SseStream::event(std::string_view name, const json::Value& data) {
    return event(name, std::string_view(json::write(data)));
}

void SseStream::finish() {
    // A client that left before the head cannot be told anything.
    if (const Status opened = open(); !opened) return;
    exchange_.finish();
}

}  // namespace moat::http
