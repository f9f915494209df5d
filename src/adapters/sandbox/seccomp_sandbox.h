#pragma once

#include "documents/sandbox.h"

namespace moat::adapters {

// Sandbox by resource limits and a seccomp filter that allows memory, open descriptors and the end
// of the process, answers harmless questions with an error, and kills for everything else.
class SeccompSandbox final : public documents::Sandbox {
  public:
    Status confine(const documents::ParseLimits& limits) const override;
};

}  // namespace moat::adapters
