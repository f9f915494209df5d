#pragma once

#include "documents/parser.h"
#include "documents/text_decoder.h"

namespace moat::documents {

// Plain text: paragraphs, list items and, by Chinese convention, chapter headings. Lines that were
// wrapped at a fixed width grow together again.
class TextParser final : public FormatParser {
  public:
    // `decoder` is borrowed.
    explicit TextParser(const TextDecoder& decoder) : decoder_(decoder) {}

    std::vector<std::string> extensions() const override { return {".txt", ".text", ".log"}; }
    bool recognises(BytesView) const override { return false; }
    Result<Document> parse(BytesView data, std::string_view file_name, const ParseLimits& limits)
        const override;

  private:
    const TextDecoder& decoder_;
};

}  // namespace moat::documents
