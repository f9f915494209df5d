#pragma once

#include "documents/parser.h"
#include "documents/text_decoder.h"

namespace moat::adapters {

// HTML by gumbo (the HTML5 algorithm): the page's main content as headings, paragraphs, lists,
// tables and code; menus, scripts, adverts and footers left out.
class HtmlParser final : public documents::FormatParser {
  public:
    // `decoder` is borrowed.
    explicit HtmlParser(const documents::TextDecoder& decoder) : decoder_(decoder) {}

    std::vector<std::string> extensions() const override { return {".html", ".htm", ".xhtml"}; }
    // By <!doctype html> or <html> near the start.
    bool recognises(BytesView data) const override;
    Result<documents::Document> parse(
        BytesView data, std::string_view file_name, const documents::ParseLimits& limits
    ) const override;

  private:
    const documents::TextDecoder& decoder_;
};

}  // namespace moat::adapters
