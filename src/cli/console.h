#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

// What a person sees: tables, sizes, times, progress. Results go to standard output, everything
// else to standard error. Threads: one.
namespace moat::cli {

enum class Language { english, chinese };

// From LC_ALL, LC_MESSAGES and LANG, the first that is set: zh* is Chinese.
Language language_from_environment();

struct Console {
    Language language = Language::english;
    bool output_is_terminal = false;
    bool error_is_terminal = false;

    static Console of_this_process();

    void print(std::string_view text) const;  // standard output, as it is
    void note(std::string_view text) const;   // standard error, with a newline
    void draw(std::string_view text) const;   // standard error, as it is
    // "Error: <text>" on standard error; returns the exit status for it.
    int fail(std::string_view text) const;
    std::string_view pick(std::string_view english, std::string_view chinese) const {
        return language == Language::chinese ? chinese : english;
    }
};

using Row = std::vector<std::string>;
// Columns left-aligned and four spaces apart, as the tables of `ollama` are.
std::string table(const Row& header, const std::vector<Row>& rows);

std::string human_size(std::int64_t bytes);   // "1.3 GB", "986 MB": decimal
std::string human_time(Time time, Time now);  // "4 minutes ago", "2 hours from now"
// As Go writes durations: "1m2.5s", "1.234567891s", "12.3ms".
std::string human_duration(std::int64_t nanoseconds);

// One line at the bottom of a terminal, redrawn in place; prints nothing when standard error is
// no terminal. Destroying it clears the line.
class ProgressLine {
  public:
    explicit ProgressLine(const Console& console) : console_(console) {}
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(std::string_view label, std::uint64_t done, std::uint64_t total);
    void clear();

  private:
    const Console& console_;
    bool shown_ = false;
};

}  // namespace moat::cli
