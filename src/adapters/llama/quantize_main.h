#pragma once

namespace moat::adapters::llama {

// `moat quantize --child`: waits at descriptor 3 (base/child_process.h) for one order of
// models/quantizer_process.h, does it and says how it went. Ends at once when the socket closes.
// Exit status: 0; 1 when it failed (the cause was sent); 2 when it was not started by a server.
int quantize_main(int argc, char** argv);

}  // namespace moat::adapters::llama
