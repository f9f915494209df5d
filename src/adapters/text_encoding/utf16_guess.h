#pragma once

#include <string_view>

#include "base/bytes.h"

namespace moat::adapters {

// "UTF-16LE" or "UTF-16BE" when bytes without a byte order mark read as plausible text that way;
// else empty. uchardet does not know this case.
std::string_view guess_utf16(BytesView bytes);

}  // namespace moat::adapters
