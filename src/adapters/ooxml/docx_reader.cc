#include "adapters/ooxml/docx_reader.h"

#include <algorithm>

#include "adapters/ooxml/docx_table.h"
#include "adapters/ooxml/xml.h"
#include "documents/chapter_headings.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

using documents::BlockKind;

constexpr int kMaxDepth = 60;  // content controls, tables and text boxes inside each other

bool is_wrapper(std::string_view name) {
    return name == "sdt" || name == "sdtContent" || name == "ins" || name == "moveTo" ||
           name == "customXml" || name == "smartTag" || name == "body";
}

}  // namespace

Status DocxReader::run() {
    TRY_ASSIGN(const std::string main, package_.main_part());
    TRY_ASSIGN(const pugi::xml_document document, package_.xml(main));
    const pugi::xml_node body = child(document.document_element(), "body");
    if (!body) return Error{ErrorCode::corrupt, "is no Word document: it has no body"};
    const auto parts = package_.related_parts(main);
    TRY(read_styles(parts));
    TRY(read_notes(parts, "footnotes"));
    TRY(read_notes(parts, "endnotes"));
    TRY(read_blocks(body, 0));
    if (too_deep_) builder_.warn("parts nested too deeply were left out");
    return Ok{};
}

// Styles and numbers add to the text: a document whose lists of them are broken is still read.
Status DocxReader::read_styles(const std::map<std::string, std::string>& parts) {
    for (const char* kind : {"styles", "numbering"}) {
        const auto part = parts.find(kind);
        if (part == parts.end()) continue;
        const auto document = package_.xml(part->second);
        if (!document) {
            if (document.error().code == ErrorCode::too_large) return document.error();
            builder_.warn(std::string("its ") + kind + " are missing or broken");
        } else if (part->first == "styles") {
            styles_ = DocxStyles(document->document_element());
        } else {
            numbering_ = DocxNumbering(document->document_element());
        }
    }
    return Ok{};
}

Status DocxReader::read_notes(
    const std::map<std::string, std::string>& parts, const std::string& kind
) {
    const auto part = parts.find(kind);
    if (part == parts.end()) return Ok{};
    const auto document = package_.xml(part->second);
    if (!document) {
        if (document.error().code == ErrorCode::too_large) return document.error();
        builder_.warn("its " + kind + " are missing or broken");
        return Ok{};
    }
    for (const pugi::xml_node& note : document->document_element()) {
        const std::string_view type = attribute(note, "type");
        if (!type.empty() && type != "normal") continue;  // separators
        notes_[kind + ":" + std::string(attribute(note, "id"))] = text_below(note).text;
    }
    return Ok{};
}

Status DocxReader::read_blocks(const pugi::xml_node& parent, int depth) {
    if (depth > kMaxDepth) {
        too_deep_ = true;
        return Ok{};
    }
    for (const pugi::xml_node& node : parent) {
        const std::string_view name = local_name(node);
        if (name == "p") {
            TRY(read_paragraph(node, depth));
        } else if (name == "tbl") {
            TRY(read_table(node, depth));
        } else if (is_wrapper(name)) {
            TRY(read_blocks(node, depth + 1));
        }
    }
    return Ok{};
}

Status DocxReader::read_paragraph(const pugi::xml_node& paragraph, int depth) {
    const DocxText below = text_below(paragraph);
    if (!documents::trim(below.text).empty()) TRY(add_paragraph(paragraph, below.text));
    for (const pugi::xml_node& box : below.text_boxes)
        TRY(read_blocks(box, depth + 1));
    for (const std::string& id : below.note_ids) {
        const auto note = notes_.find(id);
        if (note != notes_.end()) TRY(builder_.add(BlockKind::paragraph, note->second));
    }
    return Ok{};
}

Status DocxReader::add_paragraph(const pugi::xml_node& paragraph, const std::string& text) {
    const pugi::xml_node properties = child(paragraph, "pPr");
    const DocxStyle& style = styles_.find(child_value(properties, "pStyle"));
    int level = outline_level(properties).value_or(style.heading_level);
    if (level == 0) level = documents::chapter_level(text);
    auto list = list_reference(properties);
    if (!list) list = style.list;
    const bool in_list = list && !list->list.empty() && list->list != "0";
    std::string label = in_list ? numbering_.next_label(*list) : "";
    if (!label.empty()) label += ' ';

    if (style.is_title) {
        builder_.set_title(text);
        level = 1;
    }
    if (level > 0 && documents::weighted_size(text) < 400)
        return builder_.add_heading(level, label + text);
    return builder_.add(in_list ? BlockKind::list_item : BlockKind::paragraph, label + text);
}

Status DocxReader::read_table(const pugi::xml_node& table, int depth) {
    const DocxTable read = read_docx_table(table);
    if (read.arranges) {
        for (const pugi::xml_node& cell : read.cells)
            TRY(read_blocks(cell, depth + 1));
        return Ok{};
    }
    for (const auto& row : read.rows)
        TRY(builder_.add_row(row));
    return Ok{};
}

}  // namespace moat::adapters
