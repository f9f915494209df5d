#pragma once

namespace moat::adapters::llama {

// `moat runner`: waits at descriptor 3 (base/child_process.h) for a LoadCommand, loads the model
// and answers until the socket closes, which ends the process at once. Exit status: 0; 1 when the
// load failed (the cause was sent); 2 when it was not started by a server.
int runner_main(int argc, char** argv);

}  // namespace moat::adapters::llama
