#include "cli/answer_printer.h"

#include <fmt/core.h>

#include "cli/columns.h"

namespace moat::cli {
namespace {

constexpr std::string_view kGrey = "\x1b[90m";
constexpr std::string_view kPlain = "\x1b[0m";
// Narrower than this, whole words no longer help.
constexpr std::size_t kLeastColumns = 20;

// One less than there are: a terminal treats the last one in its own ways.
std::size_t wrap_columns(const Console& console, const AnswerStyle& style) {
    if (!style.wrap || !console.output_is_terminal) return 0;
    const std::size_t columns = terminal_columns();
    return columns < kLeastColumns ? 0 : columns - 1;
}

}  // namespace

AnswerPrinter::AnswerPrinter(const Console& console, AnswerStyle style)
    : console_(console), style_(style), wrap_(wrap_columns(console, style)) {}

void AnswerPrinter::write(const std::string& text) {
    console_.print(console_.output_is_terminal ? wrap_.feed(text) : text);
}

void AnswerPrinter::begin_thinking() {
    thinking_ = true;
    if (console_.output_is_terminal) console_.print(kGrey);
    write("Thinking...\n");
}

void AnswerPrinter::end_thinking() {
    thinking_ = false;
    write("\n...done thinking.\n\n");
    if (console_.output_is_terminal) console_.print(kPlain);
}

void AnswerPrinter::show(const std::string& thinking, const std::string& content) {
    if (!thinking.empty() && !style_.hide_thinking) {
        if (!thinking_) begin_thinking();
        write(thinking);
    }
    if (content.empty()) return;
    if (thinking_) end_thinking();
    write(content);
}

void AnswerPrinter::finish() {
    if (thinking_) end_thinking();
}

void print_metrics(const Console& console, const json::Value& last) {
    const auto number = [&](std::string_view key) { return json::int_or(last, key, 0); };
    const auto line = [&](std::string_view label, const std::string& text) {
        console.note(fmt::format("{:<21} {}", label, text));
    };
    const auto duration = [&](std::string_view label, std::string_view key) {
        if (number(key) > 0) line(label, human_duration(number(key)));
    };
    const auto count_and_rate = [&](std::string_view label, const std::string& key) {
        const auto count = number(key + "_count");
        const auto time = number(key + "_duration");
        const std::string name(label);
        if (count > 0) line(name + " count:", fmt::format("{} token(s)", count));
        if (time <= 0) return;
        line(name + " duration:", human_duration(time));
        const double rate = static_cast<double>(count) * 1e9 / static_cast<double>(time);
        line(name + " rate:", fmt::format("{:.2f} tokens/s", rate));
    };
    duration("total duration:", "total_duration");
    duration("load duration:", "load_duration");
    count_and_rate("prompt eval", "prompt_eval");
    count_and_rate("eval", "eval");
}

}  // namespace moat::cli
