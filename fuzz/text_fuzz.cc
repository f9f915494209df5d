// Plain text.
#include "adapters/text_encoding/icu_text_decoder.h"
#include "document_fuzz.h"
#include "documents/text_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto decoder = moat::adapters::make_icu_text_decoder();
    static const moat::documents::TextParser parser(*decoder);
    moat::fuzz::parse_and_check(parser, data, size);
    return 0;
}
