#pragma once

#include "documents/parser.h"
#include "documents/text_decoder.h"

namespace moat::adapters {

// Markdown (CommonMark with GitHub's tables, task lists and autolinks), by md4c. Raw HTML gives
// its text; a YAML front matter gives the title.
class MarkdownParser final : public documents::FormatParser {
  public:
    // `decoder` is borrowed.
    explicit MarkdownParser(const documents::TextDecoder& decoder) : decoder_(decoder) {}

    std::vector<std::string> extensions() const override { return {".md", ".markdown", ".mdx"}; }
    bool recognises(BytesView) const override { return false; }
    Result<documents::Document> parse(
        BytesView data, std::string_view file_name, const documents::ParseLimits& limits
    ) const override;

  private:
    const documents::TextDecoder& decoder_;
};

}  // namespace moat::adapters
