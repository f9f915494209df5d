#pragma once

#include <string>
#include <variant>
#include <vector>

#include "app/config.h"

namespace moat::app {

// Reads what follows `moat serve`. An int: the exit status, with help or the complaint printed.
std::variant<ServeFlags, int> parse_serve_arguments(const std::vector<std::string>& arguments);

}  // namespace moat::app
