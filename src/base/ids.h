#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"

// Identifiers. Threads: any. Randomness comes from the operating system (getrandom).
namespace moat {

// RFC 4122.
struct Uuid {
    std::array<std::byte, 16> bytes{};

    std::string text() const;  // 8-4-4-4-12, lower case
    auto operator<=>(const Uuid&) const = default;
};

struct UuidHash {
    std::size_t operator()(const Uuid& id) const {
        return std::hash<std::string_view>{}(text_of(id.bytes));
    }
};

Uuid random_uuid();  // version 4
// Version 5 layout over SHA-256 of the name: the same name always gives the same id.
Uuid uuid_of(std::string_view name);
// With or without hyphens. Errors: invalid_argument.
Result<Uuid> parse_uuid(std::string_view text);

// `count` random bytes in hex.
std::string random_hex(std::size_t count);

}  // namespace moat
