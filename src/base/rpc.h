#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/principal.h"
#include "base/result.h"

// Methods that programs call over the network with one message and get one back, whatever carries
// them: a protocol's folder makes them, an adapter serves them, and neither knows the other.
namespace moat {

struct RpcCall {
    std::string_view message;  // borrowed for the call
    const Principal& principal;
    std::stop_token client_gone;  // the caller gave up, or the server stops
};

struct RpcMethod {
    std::string path;         // "/package.Service/Method"
    Role needs = Role::user;  // the least that may call; Role::nobody: anyone
    // Any number at once, on threads that may block. Must not throw.
    std::function<Result<std::string>(const RpcCall&)> answer;
};

}  // namespace moat
