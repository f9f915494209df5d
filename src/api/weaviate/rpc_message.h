#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// Bytes to messages of protobuf and back. Threads: any (pure).
namespace moat::api::weaviate {

// Errors: invalid_argument.
template <class Message>
Status parse_message(std::string_view bytes, Message& out) {
    const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (fits && out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Ok{};
    return Error{ErrorCode::invalid_argument, "the message is not what this method takes"};
}

// Sets how long it took since `begun`, in seconds.
template <class Reply>
Result<std::string> finish(Reply& reply, Time begun, const Clock& clock = SystemClock()) {
    reply.set_took(std::chrono::duration<float>(clock.now() - begun).count());
    std::string out;
    if (!reply.SerializeToString(&out))
        return Error{ErrorCode::too_large, "the answer is too large for one message"};
    return out;
}

inline Time begin() {
    return SystemClock().now();
}

}  // namespace moat::api::weaviate
