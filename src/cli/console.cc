#include "cli/console.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/core.h>

namespace moat::cli {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// East Asian wide and full-width blocks (Unicode 15, UAX 11), rounded to whole blocks.
constexpr Range kWide[] = {
    {0x1100, 0x115F},
    {0x2E80, 0x303E},
    {0x3041, 0x33FF},
    {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F},
    {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
};

bool is_wide(char32_t c) {
    return std::ranges::any_of(kWide, [c](Range r) { return c >= r.first && c <= r.last; });
}

std::size_t terminal_columns() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

// The shortest prefix-plus-ellipsis of `text` that fits.
std::string fit(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string(text);
    std::string cut(text);
    while (!cut.empty() && display_width(cut) + 1 > columns) {
        do {
            const char last = cut.back();
            cut.pop_back();
            if ((static_cast<unsigned char>(last) & 0xC0) != 0x80) break;
        } while (!cut.empty());
    }
    return cut + "…";
}

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

int Console::fail(std::string_view text) const {
    note(fmt::format("Error: {}", text));
    return 1;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        char32_t code = lead < 0x80 ? lead : lead & (0xFFU >> (length + 1));
        for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
            code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
        }
        width += is_wide(code) ? 2 : 1;
        i += length;
    }
    return width;
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
    const double seconds = static_cast<double>(nanoseconds) / 1e9;
    if (seconds >= 1) return fmt::format("{:.3f}s", seconds);
    if (seconds >= 1e-3) return fmt::format("{:.3f}ms", seconds * 1e3);
    return fmt::format("{:.0f}µs", seconds * 1e6);
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
