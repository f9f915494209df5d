// The only file that includes Beast.
#include "http/message_reader.h"

#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/none.hpp>

namespace moat::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr std::uint32_t kMaxHeadBytes = 64U << 10;

Error to_error(const boost::system::error_code& code) {
    if (code == beast_http::error::header_limit)
        return Error{ErrorCode::too_large, "the request's header fields are too large"};
    return Error{ErrorCode::invalid_argument, "malformed request: " + code.message()};
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

}  // namespace

struct MessageReader::Parser {
    beast_http::request_parser<beast_http::buffer_body> parser;
};

MessageReader::MessageReader() : parser_(std::make_unique<Parser>()) {
    parser_->parser.header_limit(kMaxHeadBytes);
    parser_->parser.body_limit(boost::none);  // routes have their own
    parser_->parser.eager(false);
}
MessageReader::~MessageReader() = default;
MessageReader::MessageReader(MessageReader&&) noexcept = default;

Result<std::size_t> MessageReader::put(std::string_view data) {
    boost::system::error_code code;
    const std::size_t used =
        parser_->parser.put(boost::asio::const_buffer(data.data(), data.size()), code);
    const bool wants_more =
        code == beast_http::error::need_more || code == beast_http::error::need_buffer;
    if (code && !wants_more) return to_error(code);
    return used;
}

Result<std::size_t> MessageReader::read_head(std::string_view data) {
    // RFC 9112 section 2.2: empty lines before the request line are skipped.
    std::size_t skipped = 0;
    while (data.substr(skipped).starts_with("\r\n"))
        skipped += 2;
    std::size_t used = 0;
    while (!parser_->parser.is_header_done()) {
        TRY_ASSIGN(const std::size_t taken, put(data.substr(skipped + used)));
        used += taken;
        if (parser_->parser.is_header_done()) break;
        if (taken == 0) {
            // Beast looks at its limit only once a line is complete.
            if (data.size() > kMaxHeadBytes) return to_error(beast_http::error::header_limit);
            return used == 0 ? skipped : skipped + used;
        }
    }
    TRY(take_head());
    return skipped + used;
}

Status MessageReader::take_head() {
    const auto& message = parser_->parser.get();
    MessageHead head;
    head.method = message.method_string();
    head.target = message.target();
    head.http_1_0 = message.version() < 11;
    head.keep_alive = parser_->parser.keep_alive();
    int hosts = 0;
    for (const auto& field : message) {
        std::string name = lower(field.name_string());
        hosts += name == "host" ? 1 : 0;
        if (name == "transfer-encoding" && lower(field.value()) != "chunked")
            return Error{ErrorCode::unsupported, "the only transfer coding understood is chunked"};
        if (name == "expect") head.expects_continue = lower(field.value()) == "100-continue";
        head.headers.emplace_back(std::move(name), field.value());
    }
    if (hosts > 1 || (hosts == 0 && !head.http_1_0))
        return Error{ErrorCode::invalid_argument, "malformed request: it needs one Host header"};
    if (const auto length = parser_->parser.content_length()) head.content_length = *length;
    head.has_body = !parser_->parser.is_done();
    head_ = std::move(head);
    return Ok{};
}

Result<std::size_t> MessageReader::read_body(
    std::string_view data, std::string& out, std::size_t max
) {
    std::size_t used = 0;
    while (!done() && max > 0) {
        std::array<char, 16384> piece{};
        const std::size_t room = std::min(piece.size(), max);
        auto& body = parser_->parser.get().body();
        body.data = piece.data();
        body.size = room;
        TRY_ASSIGN(const std::size_t taken, put(data.substr(used)));
        used += taken;
        const std::size_t written = room - body.size;
        out.append(piece.data(), written);
        max -= written;
        if (taken == 0 && written == 0) break;
    }
    return used;
}

bool MessageReader::done() const {
    return head_.has_value() && parser_->parser.is_done();
}

}  // namespace moat::http
