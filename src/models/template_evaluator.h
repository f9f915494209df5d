#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "models/template_ast.h"

namespace moat::models::templates {

// A template of a request is hostile input: its work and its output are bounded.
struct EvaluatorLimits {
    std::size_t max_steps = 5'000'000;
    std::size_t max_output_bytes = std::size_t{64} << 20;
    std::size_t max_value_bytes = std::size_t{16} << 20;  // of the texts given to one function
    int max_depth = 100;                                  // of {{template}} calls
};

// The text `tree` becomes for `data`, as Go's text/template with missingkey=zero gives it.
// Threads: any. Errors: invalid_argument, "template: :1: <what Go says>"; too_large.
Result<std::string> evaluate(
    const Tree& tree, const Value& data, Time now, const EvaluatorLimits& limits = {}
);

}  // namespace moat::models::templates
