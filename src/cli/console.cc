#include "cli/console.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <fmt/core.h>

#include "cli/columns.h"

namespace moat::cli {
namespace {

void write_all(std::FILE* file, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), file);
    std::fflush(file);
}

std::string plural(std::int64_t count, const char* unit) {
    return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

// The steps of Ollama's list, so that scripts that read it see the same words.
std::string span_of(std::int64_t seconds) {
    if (seconds < 1) return "Less than a second";
    if (seconds < 60) return plural(seconds, "second");
    const std::int64_t minutes = seconds / 60;
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return plural(minutes, "minute");
    const std::int64_t hours =
        static_cast<std::int64_t>(std::llround(static_cast<double>(seconds) / 3600));
    if (hours == 1) return "About an hour";
    if (hours < 48) return plural(hours, "hour");
    if (hours < 24 * 14) return plural(hours / 24, "day");
    if (hours < 24 * 60) return plural(hours / 24 / 7, "week");
    if (hours < 24 * 365 * 2) return plural(hours / 24 / 30, "month");
    return plural(hours / 24 / 365, "year");
}

}  // namespace

Language language_from_environment() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value =
            std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read once, before any thread
        if (value != nullptr && *value != '\0') {
            return std::string_view(value).starts_with("zh") ? Language::chinese
                                                             : Language::english;
        }
    }
    return Language::english;
}

Console Console::of_this_process() {
    return {
        language_from_environment(), ::isatty(STDOUT_FILENO) == 1, ::isatty(STDERR_FILENO) == 1
    };
}

void Console::print(std::string_view text) const {
    write_all(stdout, text);
}

void Console::note(std::string_view text) const {
    write_all(stderr, fmt::format("{}\n", text));
}

void Console::draw(std::string_view text) const {
    write_all(stderr, text);
}

int Console::fail(std::string_view text) const {
    note(fmt::format("Error: {}", text));
    return 1;
}

std::string table(const Row& header, const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(header.size());
    const auto measure = [&](const Row& row) {
        for (std::size_t i = 0; i < header.size(); ++i)
            widths[i] = std::max(widths[i], display_width(row[i]));
    };
    measure(header);
    for (const Row& row : rows)
        measure(row);

    std::string out;
    const auto write = [&](const Row& row) {
        for (std::size_t i = 0; i < header.size(); ++i) {
            out += row[i];
            out.append(widths[i] - display_width(row[i]) + 4, ' ');
        }
        out += '\n';
    };
    write(header);
    for (const Row& row : rows)
        write(row);
    return out;
}

std::string human_size(std::int64_t bytes) {
    constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1000 && unit < 4; ++unit)
        value /= 1000;
    if (unit == 0) return fmt::format("{} B", bytes);
    return value >= 10 ? fmt::format("{:.0f} {}", std::floor(value), kUnits[unit])
                       : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_time(Time time, Time now) {
    if (time == Time{}) return "Never";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time - now).count();
    if (seconds > 0) return span_of(seconds) + " from now";
    return span_of(-seconds) + " ago";
}

std::string human_duration(std::int64_t nanoseconds) {
    const auto number = [](double value) {
        std::string text = fmt::format("{:.9f}", value);
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
        return text;
    };
    const std::string sign = nanoseconds < 0 ? "-" : "";
    const std::int64_t left = nanoseconds < 0 ? -nanoseconds : nanoseconds;
    const auto in = [left](double unit) { return static_cast<double>(left) / unit; };
    if (left == 0) return "0s";
    if (left < 1'000) return fmt::format("{}{}ns", sign, left);
    if (left < 1'000'000) return fmt::format("{}{}µs", sign, number(in(1e3)));
    if (left < 1'000'000'000) return fmt::format("{}{}ms", sign, number(in(1e6)));
    const std::int64_t minutes = left / 60'000'000'000;
    const std::string seconds =
        number(static_cast<double>(left - minutes * 60'000'000'000) / 1e9) + "s";
    if (minutes == 0) return sign + seconds;
    if (minutes < 60) return fmt::format("{}{}m{}", sign, minutes, seconds);
    return fmt::format("{}{}h{}m{}", sign, minutes / 60, minutes % 60, seconds);
}

void ProgressLine::show(std::string_view label, std::uint64_t done, std::uint64_t total) {
    if (!console_.error_is_terminal) return;
    constexpr std::size_t kBar = 24;
    const double share =
        total == 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const auto full = static_cast<std::size_t>(share * kBar);
    std::string bar;
    for (std::size_t i = 0; i < kBar; ++i)
        bar += i < full ? "█" : "░";
    const std::string tail = fmt::format(" {} {:3.0f}%", bar, share * 100);
    const std::size_t columns = terminal_columns();
    const std::size_t room = columns > kBar + 8 ? columns - kBar - 8 : 8;
    write_all(stderr, fmt::format("\r\x1b[K{}{}", fit(label, room), tail));
    shown_ = true;
}

void ProgressLine::clear() {
    if (shown_) write_all(stderr, "\r\x1b[K");
    shown_ = false;
}

}  // namespace moat::cli
