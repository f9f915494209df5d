#include "documents/foreign_formats.h"

#include <string_view>

namespace moat::documents {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
    std::size_t offset;
    std::string_view bytes;
    std::string_view name;
    bool is_text = false;  // a format whose files are readable text
    std::string_view start = {};
};

constexpr std::size_t kHeadBytes = 512;

// Is the beginning text? Then letters that happen to be a signature are none: "GGUF is a format".
// Every binary format here has a zero or ill-formed UTF-8 within its first bytes.
bool begins_as_text(std::string_view text) {
    const std::string_view head = utf8_prefix(text, kHeadBytes);
    return is_utf8(head) && !head.contains('\0');
}

// From the formats' own specifications.
constexpr Signature kSignatures[] = {
    {0, "PK\x03\x04"sv, "a ZIP archive or a format packed as one"},
    {0, "PK\x05\x06"sv, "an empty ZIP archive"},
    {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "an Office file of before 2007 (.doc, .xls, .ppt)"},
    {0, "{\\rtf"sv, "an RTF file", true},
    {0, "\x89PNG\r\n\x1A\n"sv, "a PNG picture"},
    {0, "\xFF\xD8\xFF"sv, "a JPEG picture"},
    {0, "GIF87a"sv, "a GIF picture"},
    {0, "GIF89a"sv, "a GIF picture"},
    {0, "II*\0"sv, "a TIFF picture"},
    {0, "MM\0*"sv, "a TIFF picture"},
    {8, "WEBP"sv, "a WebP picture", false, "RIFF"},
    {0, "\x1F\x8B"sv, "a gzip archive"},
    {0, "BZh"sv, "a bzip2 archive"},
    {0,
     "\xFD"
     "7zXZ\0"sv,
     "an xz archive"},
    {0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive"},
    {0, "Rar!\x1A\x07"sv, "a RAR archive"},
    {0, "\x28\xB5\x2F\xFD"sv, "a zstd archive"},
    {257, "ustar"sv, "a tar archive"},
    {0,
     "\x7F"
     "ELF"sv,
     "a program"},
    {0, "MZ\x90\0"sv, "a program"},
    {0, "GGUF"sv, "a GGUF model"},
    {0, "SQLite format 3\0"sv, "an SQLite database"},
    {0, "%!PS"sv, "a PostScript file", true},
    {4, "ftyp"sv, "a video or HEIC picture"},
    {0, "ID3"sv, "an MP3 recording"},
    {0, "OggS"sv, "an Ogg recording"},
    {0, "fLaC"sv, "a FLAC recording"},
    {8, "WAVE"sv, "a WAV recording", false, "RIFF"},
};

}  // namespace

std::optional<std::string_view> foreign_format(BytesView data) {
    const std::string_view text = text_of(data);
    const bool is_text = begins_as_text(text);
    for (const Signature& signature : kSignatures) {
        if (text.size() < signature.offset || (is_text && !signature.is_text)) continue;
        if (!text.starts_with(signature.start)) continue;
        if (text.substr(signature.offset).starts_with(signature.bytes)) return signature.name;
    }
    return std::nullopt;
}

}  // namespace moat::documents
