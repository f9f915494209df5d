#pragma once

#include <string_view>

#include "base/principal.h"

namespace moat::access {

// Who is behind a request.
class Authenticator {
  public:
    virtual ~Authenticator() = default;

    // The principal of the presented key (empty: none was sent); a nobody when the key is unknown
    // and keys are needed. Threads: any. Never blocks on the disk: the I/O thread calls it.
    virtual Principal authenticate(std::string_view presented_key) = 0;
    // Is a key needed at all?
    virtual bool key_required() const = 0;
};

}  // namespace moat::access
