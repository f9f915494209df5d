#pragma once

#include <cstddef>
#include <string_view>

namespace moat::inference {

// The end of the JSON object or array that begins at `from`; npos while it is not complete.
// Threads: any. Cost: linear.
std::size_t json_end(std::string_view text, std::size_t from);

}  // namespace moat::inference
