#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moat::http {

// One part of a multipart/form-data body (RFC 7578). The views point into the body.
struct FormPart {
    std::string name;
    std::string filename;      // empty: not a file. Whatever the client says: never a path to open
    std::string content_type;  // empty when not given
    std::string_view data;
};

struct FormLimits {
    std::size_t max_parts = 1000;
    std::size_t max_head_bytes = 16384;  // of one part
};

bool is_multipart_form(std::string_view content_type);

// Splits a whole body. Threads: any (pure); the result borrows `body`.
// Errors: invalid_argument (no or a bad boundary, a part without a name, a body that ends early),
//         too_large (over `limits`).
Result<std::vector<FormPart>> parse_multipart(
    std::string_view content_type, std::string_view body, const FormLimits& limits = {}
);

}  // namespace moat::http
