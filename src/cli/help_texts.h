#pragma once

#include <string_view>

#include "cli/console.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace moat::cli {

// Gives every command its examples, and the words around options and examples in the language;
// `program`: what the program was called as, which the examples begin with. To be called when all
// commands are there. Threads: one.
void describe_in(Language language, std::string_view program, ::CLI::App& app);

}  // namespace moat::cli
