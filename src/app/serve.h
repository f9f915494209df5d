#pragma once

#include <string>
#include <vector>

namespace moat::app {

// `moat serve`: runs until SIGTERM or SIGINT, then stops in order; a second signal ends it at once.
// Exit status: 0; 1 for whatever kept it from starting (said on standard error); 2 for wrong flags.
int serve(const std::vector<std::string>& arguments);

}  // namespace moat::app
