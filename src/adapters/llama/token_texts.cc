#include "adapters/llama/token_texts.h"

#include <algorithm>

namespace moat::adapters::llama {
namespace {

// Appends the bytes of `token`; false when it has none.
bool append_piece(
    const llama_vocab* vocabulary, llama_token token, bool special, std::string& out
) {
    constexpr std::int32_t kGuess = 64;
    const std::size_t before = out.size();
    const auto write = [&](std::int32_t room) {
        out.resize(before + static_cast<std::size_t>(room));
        return llama_token_to_piece(vocabulary, token, out.data() + before, room, 0, special);
    };
    std::int32_t length = write(kGuess);
    if (length < 0) length = write(-length);
    out.resize(before + static_cast<std::size_t>(std::max(0, length)));
    return length > 0;
}

}  // namespace

TokenTexts::TokenTexts(const llama_vocab* vocabulary) {
    const auto count = static_cast<std::size_t>(llama_vocab_n_tokens(vocabulary));
    ends_.reserve(count + 1);
    ends_.push_back(0);
    std::string shown;
    for (std::size_t i = 0; i < count; ++i) {
        const auto token = static_cast<llama_token>(i);
        shown.clear();
        hidden_.push_back(!append_piece(vocabulary, token, false, shown));
        append_piece(vocabulary, token, true, bytes_);
        ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
        ends_answer_.push_back(llama_vocab_is_eog(vocabulary, token));
    }
}

}  // namespace moat::adapters::llama
