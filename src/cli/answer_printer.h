#pragma once

#include <string>

#include "base/json.h"
#include "cli/console.h"
#include "cli/word_wrap.h"

namespace moat::cli {

struct AnswerStyle {
    bool wrap = true;  // at the terminal's width
    bool hide_thinking = false;
};

// Prints the stream of one answer on standard output; thinking goes between its two marks, in grey
// on a terminal. What is not a terminal gets every byte as it came.
//
// Threads: one at a time. Borrows the console. The destructor puts the colour back.
class AnswerPrinter {
  public:
    AnswerPrinter(const Console& console, AnswerStyle style);
    ~AnswerPrinter() { finish(); }
    AnswerPrinter(const AnswerPrinter&) = delete;
    AnswerPrinter& operator=(const AnswerPrinter&) = delete;

    void show(const std::string& thinking, const std::string& content);
    // Ends thinking that was cut off.
    void finish();

  private:
    void begin_thinking();
    void end_thinking();
    void write(const std::string& text);

    const Console& console_;
    const AnswerStyle style_;
    WordWrap wrap_;
    bool thinking_ = false;
};

// Times, counts and rates of the last line of an answer, on standard error.
void print_metrics(const Console& console, const json::Value& last);

}  // namespace moat::cli
