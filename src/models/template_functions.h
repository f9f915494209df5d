#pragma once

#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "models/template_value.h"

// The functions a template may call: Go's own, and those Ollama adds (json, currentDate,
// yesterdayDate, toTypeScriptType). "and" and "or" are known here but run by the evaluator, which
// alone can leave arguments unevaluated. Threads: any.
namespace moat::models::templates {

bool is_function(std::string_view name);

// Errors: invalid_argument, as Go words them ("incompatible types for comparison").
Result<Value> call_function(std::string_view name, std::span<const Value> arguments, Time now);

// Go's fmt.Sprintf over the values of a template; mistakes show in the text, as in Go.
std::string format_go(std::string_view format, std::span<const Value> arguments);

}  // namespace moat::models::templates
