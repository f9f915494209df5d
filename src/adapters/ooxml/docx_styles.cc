#include "adapters/ooxml/docx_styles.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "adapters/ooxml/xml.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

constexpr int kMaxInheritance = 50;

int number_of(std::string_view text, int fallback) {
    int number = fallback;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// "heading 2", "Heading 2", "标题 2" -> 2.
int level_by_name(std::string_view name) {
    const std::string lower = documents::lower_ascii(name);
    for (const std::string_view prefix : {"heading ", "标题 ", "標題 "}) {
        if (!lower.starts_with(prefix)) continue;
        const int level = number_of(std::string_view(lower).substr(prefix.size()), 0);
        return level >= 1 && level <= 9 ? level : 0;
    }
    return 0;
}

}  // namespace

std::optional<ListReference> list_reference(const pugi::xml_node& properties) {
    const pugi::xml_node numbering = child(properties, "numPr");
    if (!numbering) return std::nullopt;
    return ListReference{
        std::string(child_value(numbering, "numId")),
        std::clamp(number_of(child_value(numbering, "ilvl"), 0), 0, 8),
    };
}

std::optional<int> outline_level(const pugi::xml_node& properties) {
    const pugi::xml_node outline = child(properties, "outlineLvl");
    if (!outline) return std::nullopt;
    const int level = number_of(attribute(outline, "val"), 9);
    return level >= 0 && level < 9 ? level + 1 : 0;
}

DocxStyles::DocxStyles(const pugi::xml_node& root) {
    std::map<std::string, pugi::xml_node, std::less<>> nodes;
    for (const pugi::xml_node& node : root) {
        if (local_name(node) == "style") nodes.emplace(attribute(node, "styleId"), node);
    }
    for (const auto& [id, node] : nodes) {
        DocxStyle style;
        bool level_known = false;
        std::string_view current = id;
        // From the style itself up to what it is based on: the nearest word counts.
        for (int step = 0; step < kMaxInheritance; ++step) {
            const auto found = nodes.find(current);
            if (found == nodes.end()) break;
            const pugi::xml_node properties = child(found->second, "pPr");
            const std::string_view name = child_value(found->second, "name");
            if (!level_known) {
                const auto outline = outline_level(properties);
                const int named = level_by_name(name);
                style.heading_level = outline.value_or(named);
                level_known = outline.has_value() || named > 0;
            }
            const std::string lower = documents::lower_ascii(name);
            style.is_title = style.is_title || lower == "title" || lower == "标题";
            if (!style.list) style.list = list_reference(properties);
            current = child_value(found->second, "basedOn");
        }
        styles_.emplace(id, std::move(style));
    }
}

const DocxStyle& DocxStyles::find(std::string_view id) const {
    static const DocxStyle plain;
    const auto found = styles_.find(id);
    return found == styles_.end() ? plain : found->second;
}

}  // namespace moat::adapters
