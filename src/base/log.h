#pragma once

#include <string_view>

#include <fmt/format.h>

// The server's log: one line per event on stderr, by spdlog. The one process-wide object of the
// project, because every layer must be able to say what went wrong.
// Never logs a key, a prompt, document text or a whole request: names, ids, counts and durations.
// Threads: any.
namespace moat::log {

enum class Level { debug, info, warning, error };

// Default: info. Call once, from main.
void set_level(Level level);

void write(Level level, std::string_view text);
bool enabled(Level level);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::debug))
        write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::info)) write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace moat::log
