#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// Names people give. Threads: any (pure).
namespace moat::knowledge {

// 1 to 100 bytes of UTF-8 without control characters, '/' or '\', no spaces at the ends, not "."
// or "..". Errors: invalid_argument.
Status check_base_name(std::string_view name);

// The name of a document, made relative: '\' as '/', no leading '/' or "./". At most 1,000 bytes of
// UTF-8 without control characters or "..". Errors: invalid_argument.
Result<std::string> check_document_name(std::string_view name);

// In quotes, fit for a message: one line, well-formed, at most 200 bytes.
std::string quoted_for_people(std::string_view name);

}  // namespace moat::knowledge
