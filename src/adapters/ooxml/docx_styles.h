#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <pugixml.hpp>

namespace moat::adapters {

// Membership of a list: which one, at which level (from 0).
struct ListReference {
    std::string list;
    int level = 0;
};

// What a paragraph's style says about its place in the structure of the text.
struct DocxStyle {
    int heading_level = 0;  // 1..9; 0: no heading
    bool is_title = false;
    std::optional<ListReference> list;
};

// The styles of a Word document, inheritance resolved. Threads: any (const).
class DocxStyles {
  public:
    DocxStyles() = default;
    // `root` is <w:styles>.
    explicit DocxStyles(const pugi::xml_node& root);

    // By style id; a plain style for an unknown one.
    const DocxStyle& find(std::string_view id) const;

  private:
    std::map<std::string, DocxStyle, std::less<>> styles_;
};

// <w:numPr> inside paragraph properties; list "0" means "taken out of its list".
std::optional<ListReference> list_reference(const pugi::xml_node& properties);
// <w:outlineLvl> as heading level 1..9; 0 for body text; nothing when absent.
std::optional<int> outline_level(const pugi::xml_node& properties);

}  // namespace moat::adapters
