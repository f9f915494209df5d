#pragma once

#include <string>
#include <string_view>

namespace moat::adapters {

// The text of a fragment of raw HTML inside Markdown: tags, comments, scripts and styles taken
// out, entities resolved.
std::string text_of_raw_html(std::string_view html);

// A character reference as md4c hands it over ("&amp;", "&#20013;"): its character, or itself
// where it is unknown.
std::string resolve_entity(std::string_view entity);

}  // namespace moat::adapters
