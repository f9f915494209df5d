#pragma once

#include <string>
#include <vector>

namespace moat::app {

// `moat serve`, or `ollama serve` where `program` is that: runs until SIGTERM or SIGINT, then stops
// in order; a second signal ends it at once. Exit status: 0; 1 for whatever kept it from starting,
// said on standard error.
int serve(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace moat::app
