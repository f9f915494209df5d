#pragma once

#include "documents/parser.h"
#include "documents/text_decoder.h"

namespace moat::documents {

// CSV (RFC 4180) and its relatives: separated by comma, semicolon, tab or bar, which is found by
// looking. The first row names the fields; each later row is a record block.
class CsvParser final : public FormatParser {
  public:
    // `decoder` is borrowed.
    explicit CsvParser(const TextDecoder& decoder) : decoder_(decoder) {}

    std::vector<std::string> extensions() const override { return {".csv", ".tsv"}; }
    bool recognises(BytesView) const override { return false; }
    Result<Document> parse(BytesView data, std::string_view file_name, const ParseLimits& limits)
        const override;

  private:
    const TextDecoder& decoder_;
};

}  // namespace moat::documents
