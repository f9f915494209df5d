#pragma once

#include <string_view>

#include "base/result.h"
#include "models/template_ast.h"

namespace moat::models::templates {

// Threads: any. Errors: invalid_argument, as Go words them: `template: :1: unexpected EOF`,
// `template: :1: function "x" not defined`. Nesting is limited to 200.
Result<Tree> parse_template(std::string_view text);

}  // namespace moat::models::templates
