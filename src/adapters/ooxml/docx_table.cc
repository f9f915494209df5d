#include "adapters/ooxml/docx_table.h"

#include <algorithm>
#include <charconv>

#include "adapters/ooxml/docx_text.h"
#include "adapters/ooxml/xml.h"

namespace moat::adapters {
namespace {

constexpr int kMaxSpan = 100;
constexpr std::size_t kMaxColumns = 500;

// Children of that name, those wrapped in content controls or change marks included.
std::vector<pugi::xml_node> members(const pugi::xml_node& parent, std::string_view name) {
    std::vector<pugi::xml_node> out;
    for (const pugi::xml_node& node : parent) {
        const std::string_view own = local_name(node);
        if (own == name) {
            out.push_back(node);
        } else if (own == "sdt" || own == "ins" || own == "customXml") {
            const pugi::xml_node inner = own == "sdt" ? child(node, "sdtContent") : node;
            for (const pugi::xml_node& wrapped : inner) {
                if (local_name(wrapped) == name) out.push_back(wrapped);
            }
        }
    }
    return out;
}

std::string cell_text(const pugi::xml_node& cell) {
    DocxText below = text_below(cell);
    for (const pugi::xml_node& box : below.text_boxes)
        below.text += '\n' + text_below(box).text;
    return std::move(below.text);
}

std::size_t span_of(const pugi::xml_node& properties) {
    const std::string_view text = child_value(properties, "gridSpan");
    int span = 1;
    std::from_chars(text.data(), text.data() + text.size(), span);
    return static_cast<std::size_t>(std::clamp(span, 1, kMaxSpan));
}

// Columns that the row leaves out at its begin.
std::size_t cells_before(const pugi::xml_node& row) {
    const std::string_view text = child_value(child(row, "trPr"), "gridBefore");
    int count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return static_cast<std::size_t>(std::clamp(count, 0, kMaxSpan));
}

bool holds_table(const pugi::xml_node& cell) {
    return std::ranges::any_of(cell, [](const pugi::xml_node& node) {
        return local_name(node) == "tbl";
    });
}

}  // namespace

DocxTable read_docx_table(const pugi::xml_node& table) {
    DocxTable out;
    std::vector<std::string> above;  // text of each column's last cell
    std::size_t widest = 0;
    for (const pugi::xml_node& row : members(table, "tr")) {
        std::vector<std::string> cells(cells_before(row));
        std::size_t filled = 0;
        for (const pugi::xml_node& cell : members(row, "tc")) {
            if (cells.size() >= kMaxColumns) break;
            out.cells.push_back(cell);
            out.arranges = out.arranges || holds_table(cell);
            const pugi::xml_node properties = child(cell, "tcPr");
            const std::size_t column = cells.size();
            const pugi::xml_node merge = child(properties, "vMerge");
            std::string text = cell_text(cell);
            const bool continued = merge && attribute(merge, "val") != "restart";
            if (continued && column < above.size() && text.empty()) text = above[column];
            if (above.size() <= column) above.resize(column + 1);
            above[column] = text;
            cells.push_back(std::move(text));
            cells.resize(cells.size() + span_of(properties) - 1);
            ++filled;
        }
        widest = std::max(widest, filled);
        out.rows.push_back(std::move(cells));
    }
    out.arranges = out.arranges || widest < 2;
    return out;
}

}  // namespace moat::adapters
