#pragma once

#include <string>
#include <string_view>
#include <vector>

// Turns the bytes of one token after the other into text that can be shown: whole UTF-8
// characters only, and nothing of a stop string, which may begin in one token and end in another.
//
// Threads: one at a time. Cost: a push looks at the piece and at most the longest stop string.
namespace moat::adapters::llama {

class TextStream {
  public:
    // Empty stop strings are ignored.
    explicit TextStream(std::vector<std::string> stops);

    // What can be shown now; the rest waits. Ill-formed bytes become U+FFFD. After a stop string
    // was found, nothing more comes.
    std::string push(std::string_view piece);
    // What still waits, at the end of a generation that no stop string ended.
    std::string flush();

    bool stopped() const { return stopped_; }
    const std::string& stop_string() const { return stop_string_; }

  private:
    bool find_stop(std::string& shown);
    std::size_t held_for_stop() const;

    std::vector<std::string> stops_;
    std::string waiting_;
    bool stopped_ = false;
    std::string stop_string_;
};

}  // namespace moat::adapters::llama
