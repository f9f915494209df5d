#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat::answers {

// Reads the citations out of a model's answer while it streams: [1], [1, 2], [1-3], 【1】 come out
// as [1][2][3]; numbers that name no source are dropped together with the space before them. Text
// inside `code` is left alone.
//
// Threads: one. Holds back at most a few characters.
class CitationFilter {
  public:
    // Sources are numbered 1..count.
    explicit CitationFilter(int count) : count_(count) {}

    // The text that is certain now.
    std::string push(std::string_view piece);
    // The rest, at the end of the answer.
    std::string finish();

    // In order of first use.
    const std::vector<int>& citations() const { return citations_; }

  private:
    void take(std::string_view character, std::string& out);
    void close(std::string_view bracket, std::string& out);
    void release(std::string& out);

    const int count_;
    std::string waiting_;     // what came and is not certain: white space, then perhaps a citation
    std::size_t opened_ = 0;  // bytes of waiting_ before the bracket
    bool in_bracket_ = false;
    bool in_code_ = false;
    std::string partial_;  // a character cut by the end of a piece
    std::vector<int> citations_;
};

// The sources that one piece of finished answer text cites.
std::vector<int> citations_in(std::string_view text);

}  // namespace moat::answers
