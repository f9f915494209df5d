#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/qpdf/cmap.h"

namespace moat::adapters {

// A predefined CMap (ISO 32000-1, table 118) that is no more than a character encoding: its codes
// are that encoding's bytes. The registered CIDs are not known here; text does not need them.
struct PredefinedCMap {
    enum class Codes {
        gbk,        // one byte below 0x81, else two; four when the second is a digit
        big5,       // one byte below 0x81, else two
        shift_jis,  // two bytes behind 0x81-0x9F and 0xE0-0xFC
        euc,        // two bytes behind 0x8E and 0xA0-0xFE
        two_bytes,
        utf16,
        utf8,
        four_bytes,
    };

    std::string_view charset;
    Codes codes = Codes::two_bytes;
    bool seven_bit = false;  // both high bits are to be set
    bool vertical = false;

    CharacterCode next_code(std::string_view bytes) const;
    // The bytes of a code as `charset` writes them.
    std::string bytes_of(std::string_view code) const;
};

// Nothing for Identity-H, Identity-V and unknown names.
std::optional<PredefinedCMap> find_predefined_cmap(std::string_view name);

}  // namespace moat::adapters
