// Word documents: the input as a whole package.
#include "adapters/ooxml/docx_parser.h"
#include "document_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const moat::adapters::DocxParser parser;
    moat::fuzz::parse_and_check(parser, data, size);
    return 0;
}
