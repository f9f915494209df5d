#include "app/parse/formats.h"

#include "adapters/gumbo/html_parser.h"
#include "adapters/md4c/markdown_parser.h"
#include "adapters/ooxml/docx_parser.h"
#include "adapters/qpdf/pdf_parser.h"
#include "adapters/text_encoding/icu_text_decoder.h"
#include "documents/csv_parser.h"
#include "documents/text_parser.h"

namespace moat::app {
namespace {

std::vector<std::unique_ptr<documents::FormatParser>> make_parsers(
    const documents::TextDecoder& decoder
) {
    std::vector<std::unique_ptr<documents::FormatParser>> parsers;
    parsers.push_back(std::make_unique<adapters::PdfParser>(decoder));
    parsers.push_back(std::make_unique<adapters::DocxParser>());
    parsers.push_back(std::make_unique<adapters::HtmlParser>(decoder));
    parsers.push_back(std::make_unique<adapters::MarkdownParser>(decoder));
    parsers.push_back(std::make_unique<documents::CsvParser>(decoder));
    parsers.push_back(std::make_unique<documents::TextParser>(decoder));
    return parsers;
}

}  // namespace

Formats::Formats()
    : decoder_(adapters::make_icu_text_decoder()), registry_(make_parsers(*decoder_)) {}

}  // namespace moat::app
