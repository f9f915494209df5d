#pragma once

#include "base/principal.h"
#include "base/result.h"

// What a principal may do, decided in one place; deny by default.
// Threads: any; nothing here keeps state. Errors: unauthenticated for nobody, forbidden otherwise.
namespace moat::access {

// At least `role`, or an error that says which role is needed.
Status require(const Principal& who, Role role);

// The principal for what the server does on its own behalf (jobs, start-up).
Principal system_principal();

}  // namespace moat::access
