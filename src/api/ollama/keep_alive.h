#pragma once

#include <optional>

#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"

namespace moat::api::ollama {

// A JSON number of seconds (fractions too) or a Go duration ("5m", "1h30m", "0"); negative:
// forever. null: not said. Threads: any. Errors: invalid_argument, as Go words them (`time: missing
// unit in duration "300"`).
Result<std::optional<inference::KeepAlive>> read_keep_alive(const json::Value& value);

// Go's time.ParseDuration. Errors: invalid_argument.
Result<Duration> parse_go_duration(std::string_view text);

}  // namespace moat::api::ollama
