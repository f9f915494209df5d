#pragma once

#include <string_view>

#include "cli/console.h"

// The help of a dialogue. Threads: any; constants.
namespace moat::cli {

std::string_view help_of_commands(Language language);
std::string_view help_of_set(Language language);
std::string_view help_of_show(Language language);
std::string_view help_of_shortcuts(Language language);

}  // namespace moat::cli
