#pragma once

#include "documents/parser.h"
#include "documents/text_decoder.h"

namespace moat::adapters {

// PDF with a text layer: objects, decryption and repair by qpdf, text by our own reading of the
// pages' content. Files that open without a password are read whatever their permission bits say:
// those speak of copying out, not of an organisation's own search.
class PdfParser final : public documents::FormatParser {
  public:
    // `decoder` is borrowed.
    explicit PdfParser(const documents::TextDecoder& decoder) : decoder_(decoder) {}

    std::vector<std::string> extensions() const override { return {".pdf"}; }
    // "%PDF-" within the first 1024 bytes, as readers accept it.
    bool recognises(BytesView data) const override;
    Result<documents::Document> parse(
        BytesView data, std::string_view file_name, const documents::ParseLimits& limits
    ) const override;

  private:
    const documents::TextDecoder& decoder_;
};

}  // namespace moat::adapters
