// Grammars of requests, parsed and followed: up to the first NUL a grammar, then a text.
#include <cstdint>
#include <memory>
#include <string_view>

#include "inference/grammar_guide.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using moat::inference::GrammarGuide;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(all.find('\0'), all.size());
    auto guide = GrammarGuide::make({.grammar = std::string(all.substr(0, end))});
    if (!guide) return 0;
    std::string_view text = all.substr(std::min(end + 1, all.size()));
    // Three bytes at a time, as tokens would come; asking must change nothing.
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, 3);
        text.remove_prefix(piece.size());
        guide->begin_token();
        const bool allowed = guide->allows(piece);
        if (guide->is_exhausted()) return 0;
        if (allowed != guide->allows(piece)) __builtin_trap();
        const bool accepted = static_cast<bool>(guide->accept(piece));
        if (accepted != allowed && !guide->is_exhausted()) __builtin_trap();
        if (!accepted) return 0;
        (void)guide->may_end();
    }
    return 0;
}
