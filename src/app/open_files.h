#pragma once

#include <cstddef>

namespace moat::app {

// Asks the system for as many open files as it lets this process have: the usual soft limit of 1024
// is there for programs that use select(), and less than the connections of a server. Returns how
// many it got. Children inherit it.
std::size_t raise_open_files_limit();

// How many connections leave enough of so many files for databases, models and children.
std::size_t connections_for(std::size_t open_files);

}  // namespace moat::app
