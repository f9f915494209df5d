#pragma once

#include <map>
#include <string>

#include "adapters/ooxml/docx_numbering.h"
#include "adapters/ooxml/docx_styles.h"
#include "adapters/ooxml/docx_text.h"
#include "adapters/ooxml/package.h"
#include "documents/document_builder.h"

namespace moat::adapters {

// Writes the text of a Word document as blocks: headings by style or outline level, lists with
// their numbers, tables row by row, foot- and endnotes behind their paragraph, text boxes.
// Threads: one at a time. Borrows: package and builder.
class DocxReader {
  public:
    DocxReader(Package& package, documents::DocumentBuilder& builder)
        : package_(package), builder_(builder) {}

    // Errors: corrupt, unsupported, too_large.
    Status run();

  private:
    Status read_styles(const std::map<std::string, std::string>& parts);
    Status read_notes(const std::map<std::string, std::string>& parts, const std::string& kind);
    Status read_blocks(const pugi::xml_node& parent, int depth);
    Status read_paragraph(const pugi::xml_node& paragraph, int depth);
    Status add_paragraph(const pugi::xml_node& paragraph, const std::string& text);
    Status read_table(const pugi::xml_node& table, int depth);

    Package& package_;
    documents::DocumentBuilder& builder_;
    DocxStyles styles_;
    DocxNumbering numbering_;
    std::map<std::string, std::string, std::less<>> notes_;  // by kind and id
    bool too_deep_ = false;
};

}  // namespace moat::adapters
