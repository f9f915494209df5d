#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

// Time, injected so that tests own it.
namespace moat {

using Time = std::chrono::system_clock::time_point;
using Duration = std::chrono::nanoseconds;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

class SystemClock final : public Clock {
  public:
    Time now() const override { return std::chrono::system_clock::now(); }
};

// RFC 3339 in UTC with nanoseconds: 2026-11-21T10:36:03.123456789Z
std::string to_rfc3339(Time time);
// Errors: invalid_argument.
Result<Time> parse_rfc3339(std::string_view text);

std::int64_t unix_ms(Time time);
Time from_unix_ms(std::int64_t ms);

}  // namespace moat
