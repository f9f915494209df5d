#pragma once

#include <string>
#include <string_view>

namespace moat::documents {

// A line as its characters stand on the page from left to right -> the order they are read in.
// The line's own direction is that of most of its letters. Lines without letters of a right-to-left
// script come back as they are.
std::string logical_order(std::string_view visual);

}  // namespace moat::documents
