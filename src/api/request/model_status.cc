#include "api/request/model_status.h"

#include "http/admission.h"

namespace moat::api {

int model_status_of(ErrorCode code) {
    if (code == ErrorCode::unsupported) return 400;
    if (code == ErrorCode::corrupt) return 500;
    if (code == ErrorCode::too_large) return 503;  // more memory than there is: others may end
    return http::status_of(code);
}

}  // namespace moat::api
