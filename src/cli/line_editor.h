#pragma once

#include <memory>
#include <optional>
#include <string>

namespace moat::cli {

// Reads lines from a person with editing and history (libedit). Threads: one.
class LineEditor {
  public:
    LineEditor();
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    // The next line without its end; nothing at the end of the input (Ctrl-D).
    std::optional<std::string> read(const std::string& prompt);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace moat::cli
