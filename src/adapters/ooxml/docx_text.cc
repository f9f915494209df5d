#include "adapters/ooxml/docx_text.h"

#include <algorithm>
#include <array>

#include "adapters/ooxml/xml.h"

namespace moat::adapters {
namespace {

// Elements whose content a reader never sees, sorted.
constexpr std::array kUnseen = std::to_array<std::string_view>({
    "del",
    "delInstrText",
    "delText",
    "instrText",
    "moveFrom",
    "object",
    "pPr",
    "rt",
    "sectPr",
});

class Collector {
  public:
    DocxText result;

    // Is what stands below `node` to be looked at?
    bool visit(const pugi::xml_node& node) {
        const std::string_view name = local_name(node);
        if (std::ranges::binary_search(kUnseen, name)) return false;
        if (name == "t") {
            result.text += node.text().get();
        } else if (name == "tab" || name == "ptab") {
            // Inside a run only: <w:tabs><w:tab/> are tab stops, below pPr.
            result.text += '\t';
        } else if (name == "br" || name == "cr") {
            result.text += '\n';
        } else if (name == "noBreakHyphen") {
            result.text += '-';
        } else if (name == "footnoteReference" || name == "endnoteReference") {
            const char* const kind = name.starts_with('f') ? "footnotes:" : "endnotes:";
            result.note_ids.push_back(kind + std::string(attribute(node, "id")));
        } else if (name == "p") {
            if (!result.text.empty() && !result.text.ends_with('\n')) result.text += '\n';
        } else if (name == "txbxContent") {
            result.text_boxes.push_back(node);
            return false;
        } else if (name == "r") {
            return !is_on(child(node, "rPr"), "vanish");
        } else if (name == "Fallback") {
            return !child(node.parent(), "Choice");
        }
        return name != "t" && name != "rPr";
    }
};

}  // namespace

DocxText text_below(const pugi::xml_node& node) {
    Collector collector;
    pugi::xml_node at = node.first_child();
    while (at) {
        const bool descend = collector.visit(at);
        if (descend && at.first_child()) {
            at = at.first_child();
            continue;
        }
        while (at != node && !at.next_sibling())
            at = at.parent();
        if (at == node) break;
        at = at.next_sibling();
    }
    return std::move(collector.result);
}

}  // namespace moat::adapters
