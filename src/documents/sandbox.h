#pragma once

#include "base/result.h"
#include "documents/parser.h"

namespace moat::documents {

// Takes from the calling process everything that reading a file does not need. Implemented in
// adapters/sandbox.
class Sandbox {
  public:
    virtual ~Sandbox() = default;

    // From here on, for the rest of the process' life: no new file, socket, process or program;
    // memory, processor time and output within the limits. Open descriptors stay usable.
    // Breaking out of it kills the process. Errors: unsupported, when the kernel cannot.
    virtual Status confine(const ParseLimits& limits) const = 0;
};

}  // namespace moat::documents
