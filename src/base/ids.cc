#include "base/ids.h"

#include <algorithm>
#include <sys/random.h>

#include "base/bytes.h"

namespace moat {
namespace {

void fill_random(std::span<std::byte> out) {
    while (!out.empty()) {
        const ssize_t got = ::getrandom(out.data(), out.size(), 0);
        CHECK(got > 0, "getrandom failed");
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

Uuid with_version(Uuid id, std::byte version) {
    id.bytes[6] = (id.bytes[6] & std::byte{0x0F}) | (version << 4);
    id.bytes[8] = (id.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
    return id;
}

}  // namespace

std::string Uuid::text() const {
    std::string text = to_hex(bytes);
    for (const std::size_t at : {8U, 13U, 18U, 23U})
        text.insert(at, 1, '-');
    return text;
}

Uuid random_uuid() {
    Uuid id;
    fill_random(id.bytes);
    return with_version(id, std::byte{4});
}

Uuid uuid_of(std::string_view name) {
    const Sha256 digest = sha256(bytes_of(name));
    Uuid id;
    std::copy_n(digest.bytes.begin(), 16, id.bytes.begin());
    return with_version(id, std::byte{5});
}

Result<Uuid> parse_uuid(std::string_view text) {
    std::string digits;
    std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != '-'; });
    const bool shape = text.size() == 32 || (text.size() == 36 && text[8] == '-' &&
                                             text[13] == '-' && text[18] == '-' && text[23] == '-');
    const auto bytes = from_hex(digits);
    if (!shape || !bytes || bytes->size() != 16) {
        return Error{ErrorCode::invalid_argument, "not a UUID: expected 8-4-4-4-12 hex digits"};
    }
    Uuid id;
    std::ranges::copy(*bytes, id.bytes.begin());
    return id;
}

std::string random_hex(std::size_t count) {
    Bytes data(count);
    fill_random(data);
    return to_hex(data);
}

}  // namespace moat
