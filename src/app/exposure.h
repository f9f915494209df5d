#pragma once

#include "access/api_keys.h"
#include "app/config.h"
#include "base/result.h"

// Who can reach the server, and whether that is safe. Threads: any.
namespace moat::app {

// Does anyone but this machine reach it?
bool is_exposed(const Config& config);
// Keys are always needed on a server that others reach, or that was told so.
access::KeyRule key_rule(const Config& config);
// Errors: invalid_argument for a server that others reach with neither an administrator's key nor
// TLS, unless it was called insecure; the message names the remedies, in English and Chinese.
Status check_exposure(const Config& config, bool has_admin_key);

}  // namespace moat::app
