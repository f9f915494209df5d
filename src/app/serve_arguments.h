#pragma once

#include <string>
#include <variant>
#include <vector>

#include "app/config.h"

namespace moat::app {

// Reads what follows `PROGRAM serve`, the program being moat or ollama. An int: the exit status,
// with help or the complaint printed.
std::variant<ServeFlags, int> parse_serve_arguments(
    const std::string& program, const std::vector<std::string>& arguments
);

}  // namespace moat::app
