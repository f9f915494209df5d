// Heads and bodies of requests, as the bytes of a connection, cut in two at a place the input
// names.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/message_reader.h"
#include "http/url.h"

namespace {

// What is read must not depend on how the bytes arrive. "" when it is refused.
std::string read_all(std::string_view first, std::string_view second) {
    moat::http::MessageReader reader;
    std::string inbox(first);
    std::string body;
    bool fed = false;
    while (true) {
        const bool had_head = reader.head().has_value();
        const auto used =
            had_head
                ? reader.read_body(inbox, body, 1000 - std::min<std::size_t>(body.size(), 1000))
                : reader.read_head(inbox);
        if (!used) return "";
        CHECK(*used <= inbox.size());
        inbox.erase(0, *used);
        if (reader.done()) break;
        if (*used > 0 || (!had_head && reader.head())) continue;
        if (fed) return "";
        fed = true;
        inbox += second;
    }
    // Not every target is a URL; it must only be handled.
    (void)moat::http::parse_target(reader.head()->target);
    return reader.head()->method + ' ' + reader.head()->target + ' ' + body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t cut = data[0] * input.size() / 256;
    const std::string whole = read_all(input, "");
    const std::string parts = read_all(input.substr(0, cut), input.substr(cut));
    CHECK(whole == parts, "the same bytes read differently");
    return 0;
}
