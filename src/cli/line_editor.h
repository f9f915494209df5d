#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/interrupt.h"

namespace moat::cli {

// Reads lines from a person with editing and history (libedit). Ctrl-G opens the line in the
// person's own editor; text that is pasted stays one message, however many lines it has.
//
// Threads: one.
class LineEditor {
  public:
    // `interrupt` must outlive the editor. History goes to that file too (cli/history_file.h); an
    // empty path: it ends with the editor.
    LineEditor(const InterruptGuard& interrupt, std::filesystem::path history_file);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    // The next line without its end; nothing at the end of the input (Ctrl-D) and after Ctrl-C,
    // which leaves the interrupt's mark standing.
    std::optional<std::string> read(const std::string& prompt);

    // Off: lines from now on are not remembered, neither here nor in the file.
    void keep_history(bool on);

  private:
    struct State;
    struct Calls;
    std::unique_ptr<State> state_;
};

}  // namespace moat::cli
