#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <llama.h>

// The bytes of every token of a vocabulary, side by side: what a grammar looks at when it goes
// through all of them. Threads: any, once made. Cost: to make, tens of milliseconds for 150,000
// tokens; some 2 MB.
namespace moat::adapters::llama {

class TokenTexts {
  public:
    explicit TokenTexts(const llama_vocab* vocabulary);

    std::string_view text(llama_token token) const {
        const auto i = static_cast<std::size_t>(token);
        return std::string_view(bytes_).substr(ends_[i], ends_[i + 1] - ends_[i]);
    }
    // A control token: its text is not part of an answer, as a rule.
    bool is_hidden(llama_token token) const { return hidden_[static_cast<std::size_t>(token)]; }
    bool ends_answer(llama_token token) const {
        return ends_answer_[static_cast<std::size_t>(token)];
    }

  private:
    std::string bytes_;
    std::vector<std::uint32_t> ends_;  // of the token before
    std::vector<bool> hidden_;
    std::vector<bool> ends_answer_;
};

}  // namespace moat::adapters::llama
