#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moat::cli {

// What was typed at the prompt, in Ollama's own file: one line each, the newest last. Dialogues at
// the same time append to it in turns. Only its owner may read it.
//
// Threads: one. A file that cannot be read or written only means less history.
class HistoryFile {
  public:
    // An empty path: nothing is kept.
    explicit HistoryFile(std::filesystem::path path) : path_(std::move(path)) {}

    // The newest `limit`, oldest first. A file grown far beyond them is cut down to them.
    std::vector<std::string> load(std::size_t limit) const;
    // A text of several lines becomes several entries.
    void append(std::string_view text) const;

  private:
    std::filesystem::path path_;
};

// ~/.ollama/history; empty when OLLAMA_NOHISTORY says so, or there is no home.
std::filesystem::path usual_history_file();

}  // namespace moat::cli
