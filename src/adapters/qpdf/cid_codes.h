#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moat::adapters {

// A character as bytes of a national encoding.
struct NationalCode {
    std::string_view charset;
    std::string bytes;
};

// What a CID of a registered character collection ("Japan1", "GB1", "CNS1", "Korea1") stands for.
// The collections number their national standard's characters in its own order, so ranges of
// codes are enough; rarer characters (later supplements) are not known here. For fonts that are
// not embedded and used by CID, which no other part of the file explains.
// Source: Adobe Technical Notes 5078, 5079, 5080, 5093.
std::optional<NationalCode> code_of_cid(std::string_view collection, std::uint32_t cid);

}  // namespace moat::adapters
