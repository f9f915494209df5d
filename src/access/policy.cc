#include "access/policy.h"

namespace moat::access {
namespace {

int rank(Role role) {
    switch (role) {
        case Role::nobody:
            return 0;
        case Role::user:
            return 1;
        case Role::admin:
            return 2;
    }
    return 0;
}

}  // namespace

Status require(const Principal& who, Role role) {
    if (rank(who.role) >= rank(role)) return Ok{};
    if (who.role == Role::nobody)
        return Error{
            ErrorCode::unauthenticated,
            "an API key is needed: send the header Authorization: Bearer <key>; an administrator "
            "makes keys with: moat key create NAME"
        };
    return Error{ErrorCode::forbidden, "this needs an administrator's key"};
}

Principal system_principal() {
    return Principal{.id = "system", .name = "system", .role = Role::admin};
}

}  // namespace moat::access
