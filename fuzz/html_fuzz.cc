// Web pages.
#include "adapters/gumbo/html_parser.h"
#include "adapters/text_encoding/icu_text_decoder.h"
#include "document_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto decoder = moat::adapters::make_icu_text_decoder();
    static const moat::adapters::HtmlParser parser(*decoder);
    moat::fuzz::parse_and_check(parser, data, size);
    return 0;
}
