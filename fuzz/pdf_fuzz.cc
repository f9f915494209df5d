// Whole PDF files: mostly the repair of broken ones. See pdf_page_fuzz for what pages hold.
#include "adapters/qpdf/pdf_parser.h"
#include "adapters/text_encoding/icu_text_decoder.h"
#include "document_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto decoder = moat::adapters::make_icu_text_decoder();
    static const moat::adapters::PdfParser parser(*decoder);
    moat::fuzz::parse_and_check(parser, data, size);
    return 0;
}
