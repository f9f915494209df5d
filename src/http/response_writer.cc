#include "http/response_writer.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace moat::http {
namespace {

struct Reason {
    int status;
    std::string_view text;
};

// RFC 9110 section 15, those that are sent here.
constexpr std::array kReasons = std::to_array<Reason>({
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
});

void append_header(std::string& out, std::string_view name, std::string_view value) {
    const auto add = [&out](std::string_view text) {
        std::ranges::copy_if(text, std::back_inserter(out), [](char c) {
            return c != '\r' && c != '\n' && c != '\0';
        });
    };
    add(name);
    out += ": ";
    add(value);
    out += "\r\n";
}

}  // namespace

std::string_view reason_of(int status) {
    const auto found = std::ranges::find(kReasons, status, &Reason::status);
    return found == kReasons.end() ? "Status" : found->text;
}

bool status_has_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

std::string response_head(const ResponseHead& head, std::string_view date) {
    std::string out;
    out.reserve(512);
    fmt::format_to(
        std::back_inserter(out),
        "HTTP/1.{} {} {}\r\n",
        head.http_1_0 ? 0 : 1,
        head.status,
        reason_of(head.status)
    );
    if (!head.content_type.empty()) append_header(out, "Content-Type", head.content_type);
    for (const auto& [name, value] : head.headers)
        append_header(out, name, value);
    append_header(out, "Date", date);
    if (status_has_body(head.status)) {
        if (head.length)
            fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *head.length);
        else if (!head.http_1_0)
            out += "Transfer-Encoding: chunked\r\n";
    }
    if (!head.keep_alive)
        out += "Connection: close\r\n";
    else if (head.http_1_0)
        out += "Connection: keep-alive\r\n";
    out += "\r\n";
    return out;
}

void append_chunk(std::string& out, std::string_view piece) {
    if (piece.empty()) return;
    fmt::format_to(std::back_inserter(out), "{:x}\r\n", piece.size());
    out.append(piece).append("\r\n");
}

std::string http_date(std::int64_t unix_seconds) {
    constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    const auto seconds = static_cast<std::time_t>(unix_seconds);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        kDays.at(static_cast<std::size_t>(utc.tm_wday)),
        utc.tm_mday,
        kMonths.at(static_cast<std::size_t>(utc.tm_mon)),
        utc.tm_year + 1900,
        utc.tm_hour,
        utc.tm_min,
        utc.tm_sec
    );
}

}  // namespace moat::http
