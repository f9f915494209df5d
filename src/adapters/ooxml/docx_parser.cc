#include "adapters/ooxml/docx_parser.h"

#include "adapters/ooxml/docx_reader.h"
#include "adapters/ooxml/package.h"
#include "adapters/ooxml/xml.h"
#include "documents/document_builder.h"
#include "documents/format_registry.h"

namespace moat::adapters {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kMediaType =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

// Office encrypts a package as a stream of this name inside an OLE container (MS-OFFCRYPTO).
bool is_encrypted_package(std::string_view data) {
    constexpr auto kStream = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"sv;
    return data.starts_with("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv) && data.contains(kStream);
}

std::string core_title(Package& package) {
    const auto parts = package.related_parts("");
    const auto core = parts.find("core-properties");
    if (core == parts.end()) return "";
    const auto document = package.xml(core->second);
    if (!document) return "";  // the text does not depend on it
    return child(document->document_element(), "title").text().get();
}

}  // namespace

bool DocxParser::recognises(BytesView data) const {
    const std::string_view text = text_of(data);
    if (is_encrypted_package(text)) return true;
    return text.starts_with("PK\x03\x04"sv) && text.contains("word/document"sv);
}

Result<documents::Document> DocxParser::parse(
    BytesView data, std::string_view file_name, const documents::ParseLimits& limits
) const {
    const std::string_view text = text_of(data);
    if (is_encrypted_package(text)) {
        return Error{
            ErrorCode::unsupported,
            "is encrypted: save a copy without password in Office and add that"
        };
    }
    if (!text.starts_with("PK"sv))
        return Error{ErrorCode::corrupt, "is no Word document: it is not a ZIP archive"};
    TRY_ASSIGN(Package package, Package::open(data, limits.max_unpacked_bytes));
    documents::DocumentBuilder builder(std::string(kMediaType), limits);
    builder.set_title(core_title(package));
    TRY(DocxReader(package, builder).run());
    documents::Document document = std::move(builder).finish();
    if (document.title.empty()) document.title = documents::stem_of(file_name);
    return document;
}

}  // namespace moat::adapters
