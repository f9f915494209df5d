#pragma once

#include <string_view>

namespace moat::knowledge {

// Is the text mostly written in Chinese characters (kana and hangul included)? A character counts
// as two letters, since it says about as much; text without letters is not. Cost: linear.
bool is_mostly_cjk(std::string_view text);

}  // namespace moat::knowledge
