// What a runner and its server tell each other in frames.
#include <cstdint>
#include <string>
#include <string_view>

#include "inference/protocol.h"

namespace {

using namespace moat;

// What was understood must be said again in the same words.
template <class Parse>
void check(Frame frame, const Parse& parse) {
    const auto message = parse(std::move(frame));
    if (!message) return;
    const Frame said = inference::to_frame(*message);
    const auto again = parse(Frame(said));
    if (!again) __builtin_trap();
    const Frame repeated = inference::to_frame(*again);
    if (json::write(repeated.header) != json::write(said.header)) __builtin_trap();
    if (repeated.payload != said.payload) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Who speaks, how long the header is, and as many bytes of it as there are; the rest is
    // payload. How lengths are read from a socket is a matter of frame_channel_test.cc.
    if (size < 3) return 0;
    const std::string_view all(reinterpret_cast<const char*>(data + 3), size - 3);
    const std::string_view text = all.substr(0, static_cast<std::size_t>(data[1]) << 8 | data[2]);
    const auto header = json::read(text, {.max_depth = 256});
    if (!header || !header->is_object()) return 0;
    Frame frame{header->get_object(), std::string(all.substr(text.size()))};
    if (data[0] % 2 == 0) {
        check(std::move(frame), inference::parse_command);
    } else {
        check(std::move(frame), inference::parse_reply);
    }
    return 0;
}
