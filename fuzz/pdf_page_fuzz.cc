// The inside of a PDF page: the input is the page's content, behind a first line that is the font's
// ToUnicode map. Mutations of whole files seldom get this far.
#include <string>

#include "adapters/qpdf/pdf_parser.h"
#include "adapters/qpdf/test_pdf.h"
#include "adapters/text_encoding/icu_text_decoder.h"
#include "document_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto decoder = moat::adapters::make_icu_text_decoder();
    static const moat::adapters::PdfParser parser(*decoder);
    const std::string input(reinterpret_cast<const char*>(data), size);
    const std::size_t line = std::min(input.find('\n'), input.size());

    moat::adapters::TestPdf pdf;
    const int map = pdf.add_stream("", input.substr(0, line));
    const int simple = pdf.add(
        "<</Type/Font/Subtype/TrueType/BaseFont/A/ToUnicode " + std::to_string(map) + " 0 R>>"
    );
    const int inner = pdf.add(
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/B/CIDSystemInfo<</Ordering(GB1)>>"
        "/W[1[500 600]10 20 700]/W2[1 5 -900 400 800]>>"
    );
    const int wide = pdf.add(
        "<</Type/Font/Subtype/Type0/BaseFont/B/Encoding/GBK-EUC-V/DescendantFonts[" +
        std::to_string(inner) + " 0 R]>>"
    );
    const int by_cid = pdf.add(
        "<</Type/Font/Subtype/Type0/BaseFont/B/Encoding/Identity-H/DescendantFonts[" +
        std::to_string(inner) + " 0 R]>>"
    );
    pdf.add_page(
        input.substr(std::min(line + 1, input.size())),
        "/Font<</F1 " + std::to_string(simple) + " 0 R/F2 " + std::to_string(wide) + " 0 R/F3 " +
            std::to_string(by_cid) + " 0 R>>"
    );
    const std::string bytes = pdf.bytes();
    moat::fuzz::parse_and_check(
        parser, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()
    );
    return 0;
}
