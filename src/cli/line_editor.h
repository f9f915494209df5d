#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/interrupt.h"

namespace moat::cli {

// Reads lines from a person with editing and history (libedit). Threads: one.
class LineEditor {
  public:
    // `interrupt` must outlive the editor.
    explicit LineEditor(const InterruptGuard& interrupt);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    // The next line without its end; nothing at the end of the input (Ctrl-D) and after Ctrl-C,
    // which leaves the interrupt's mark standing.
    std::optional<std::string> read(const std::string& prompt);

  private:
    struct State;
    struct Calls;
    std::unique_ptr<State> state_;
};

}  // namespace moat::cli
