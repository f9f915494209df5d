#pragma once

#include "documents/parser.h"

namespace moat::adapters {

// Word documents (.docx, ECMA-376) by libzip and pugixml. Templates and documents with macros are
// read the same; macros are never looked at.
class DocxParser final : public documents::FormatParser {
  public:
    std::vector<std::string> extensions() const override { return {".docx", ".docm", ".dotx"}; }
    // A ZIP archive with a Word document in it, or an encrypted one, which parse() refuses by name.
    bool recognises(BytesView data) const override;
    Result<documents::Document> parse(
        BytesView data, std::string_view file_name, const documents::ParseLimits& limits
    ) const override;
};

}  // namespace moat::adapters
