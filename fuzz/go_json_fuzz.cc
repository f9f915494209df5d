// Request bodies.
#include <cstdint>
#include <string_view>

#include "api/request/go_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = moat::api::read_go_json(text);
    if (!value) return 0;
    // What was read can be written, and reads back as it was (numbers beyond 64 bits aside).
    const std::string written = moat::json::write(*value);
    const auto again = moat::api::read_go_json(written);
    if (!again || moat::json::write(*again) != written) __builtin_trap();
    return 0;
}
