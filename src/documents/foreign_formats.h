#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace moat::documents {

// Names, by its first bytes, a format that Moat knows of but does not read ("a PNG picture"), so
// that it is refused by name and never read as text. Nothing for unknown content.
std::optional<std::string_view> foreign_format(BytesView data);

}  // namespace moat::documents
