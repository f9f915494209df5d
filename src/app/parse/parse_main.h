#pragma once

#include <memory>

#include "documents/parser_process.h"

namespace moat::app {

// `moat parse`: with --child, the confined reader of files (documents/parse_server.h) that the
// server starts; with files, a tool that prints what the parser sees. Arguments as main() gets
// them, argv[0] being the command. Gives the exit status.
int parse_main(int argc, char** argv);

// The parser a server uses: children are `program parse --child`.
std::unique_ptr<documents::ParserProcess> make_parser_process(
    const std::string& program, std::size_t max_children, const documents::ParseLimits& limits
);

}  // namespace moat::app
