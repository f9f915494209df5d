#pragma once

#include <string>

// Who is asking. Every domain call takes one; access/ makes them from keys, domains only ask
// access/policy.h what they may do. A default-made principal is nobody and may do nothing.
namespace moat {

enum class Role {
    nobody,
    user,   // runs models; reads and asks the knowledge bases shared with it; owns its own
    admin,  // everything
};

struct Principal {
    std::string id;    // stable, e.g. "key:8f3a..." or "local"
    std::string name;  // for people and the audit log
    Role role = Role::nobody;
};

}  // namespace moat
