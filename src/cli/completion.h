#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace moat::cli {

// A script that has a shell (bash, zsh or fish) complete the commands of `app`, their flags and the
// names of installed models. `program`: what is typed.
// Errors: invalid_argument, for another shell.
Result<std::string> completion_script(
    std::string_view shell, const std::string& program, const ::CLI::App& app
);

}  // namespace moat::cli
