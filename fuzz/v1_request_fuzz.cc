// The request decoders below /v1, and the bodies that clients pack.
#include <cstdint>
#include <string_view>

#include "api/anthropic/messages_request.h"
#include "api/openai/chat_request.h"
#include "api/openai/responses_request.h"
#include "http/body_coding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kMost = std::size_t{1} << 20;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const std::string_view coding : {"gzip", "zstd"}) {
        const auto unpacked = moat::http::decode_body(text, coding, kMost);
        if (unpacked && unpacked->size() > kMost) __builtin_trap();
    }
    const auto body = moat::json::read(text);
    if (!body) return 0;
    // What is taken must have what every runtime counts on: a model, and at least one message.
    const auto check = [](const auto& read) {
        if (read && (read->request.model.empty() || read->request.messages.empty()))
            __builtin_trap();
    };
    check(moat::api::openai::read_chat_completion(*body));
    check(moat::api::openai::read_responses(*body));
    check(moat::api::anthropic::read_messages(*body, true));
    return 0;
}
