#pragma once

#include <string_view>

#include "inference/grammar_guide.h"

// A text under a grammar, three bytes at a time, as tokens would come. Asking must change nothing,
// and what is allowed must be accepted.
inline void follow(moat::inference::GrammarGuide& guide, std::string_view text) {
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, 3);
        text.remove_prefix(piece.size());
        guide.begin_token();
        const bool allowed = guide.allows(piece);
        if (guide.is_exhausted()) return;
        if (allowed != guide.allows(piece)) __builtin_trap();
        const bool accepted = static_cast<bool>(guide.accept(piece));
        if (accepted != allowed && !guide.is_exhausted()) __builtin_trap();
        if (!accepted) return;
        (void)guide.may_end();
    }
}
