#include "base/clock.h"

#include <charconv>

#include <fmt/core.h>

namespace moat {
namespace {

// Reads exactly `digits` digits at `at`, or -1.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int number = 0;
    const auto* first = text.data() + at;
    const auto [end, error] = std::from_chars(first, first + digits, number);
    return error == std::errc() && end == first + digits ? number : -1;
}

}  // namespace

std::string to_rfc3339(Time time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(duration_cast<nanoseconds>(time - day));
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        clock.hours().count(),
        clock.minutes().count(),
        clock.seconds().count(),
        clock.subseconds().count()
    );
}

Result<Time> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    const Error bad{
        ErrorCode::invalid_argument, "not an RFC 3339 time such as 2026-01-31T08:00:00Z"
    };
    const int parts[] = {
        number_at(text, 0, 4),
        number_at(text, 5, 2),
        number_at(text, 8, 2),
        number_at(text, 11, 2),
        number_at(text, 14, 2),
        number_at(text, 17, 2)
    };
    for (const int part : parts) {
        if (part < 0) return bad;
    }
    const bool marks = text[4] == '-' && text[7] == '-' &&
                       (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' &&
                       text[16] == ':';
    const year_month_day date{
        year(parts[0]), month(static_cast<unsigned>(parts[1])), day(static_cast<unsigned>(parts[2]))
    };
    if (!marks || !date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) return bad;

    std::size_t at = 19;
    nanoseconds fraction{0};
    if (at < text.size() && text[at] == '.') {
        std::int64_t scale = 100'000'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
            fraction += nanoseconds((text[at] - '0') * scale);
        }
    }
    minutes offset{0};
    const std::string_view zone = text.substr(at);
    if (zone != "Z" && zone != "z") {
        const int hour = number_at(zone, 1, 2);
        const int minute = number_at(zone, 4, 2);
        if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || hour < 0 ||
            minute < 0)
            return bad;
        offset = minutes(hour * 60 + minute) * (zone[0] == '+' ? 1 : -1);
    }
    const auto time = sys_days(date) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]) +
                      fraction - offset;
    return time_point_cast<Time::duration>(time);
}

std::int64_t unix_ms(Time time) {
    return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Time from_unix_ms(std::int64_t ms) {
    return Time(std::chrono::milliseconds(ms));
}

}  // namespace moat
