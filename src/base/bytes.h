#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Views over bytes and their text forms. Threads: any; nothing here keeps state.
namespace moat {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

inline BytesView bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string_view text_of(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(BytesView bytes);
// Errors: invalid_argument (odd length, a character outside 0-9a-fA-F).
Result<Bytes> from_hex(std::string_view text);

// RFC 4648 base64 with padding.
std::string to_base64(BytesView bytes);
// Accepts missing padding and both alphabets. Errors: invalid_argument.
Result<Bytes> from_base64(std::string_view text);

// True when `text` is well-formed UTF-8 (Unicode 15, table 3-7).
bool is_utf8(std::string_view text);
// `text` with every ill-formed sequence replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);
// The longest prefix of `text` of at most `max_bytes` that does not cut a UTF-8 character.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

// Equal, in time that depends on the lengths only (for keys and tokens).
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace moat
