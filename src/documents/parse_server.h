#pragma once

#include "documents/format_registry.h"
#include "documents/sandbox.h"

namespace moat::documents {

// The child's side of parser_process.h: reads requests from the socket at descriptor 3 and answers
// each from a process of its own, forked from this one and confined before it looks at the file.
// So a warm start costs a fork, and nothing a hostile file does reaches the next file.
//
// Threads: must be called while the process has one thread, which never returns to anything else.
// Gives the exit status: 0 when the other side closed the socket.
//
// Protocol: a request is the frame {"name": "...", "max_input_bytes": n, ... (ParseLimits)} and two
// descriptors: the file, open for reading, and a socket for the answer. Answer: frames
// {"blocks": [...]}, then one {"document": {...}} or {"error": {"code", "message"}}. After the
// process of the request ended, {"status": wait status, "peak_bytes": n} on descriptor 3.
int serve_parse_requests(const FormatRegistry& registry, const Sandbox& sandbox);

}  // namespace moat::documents
