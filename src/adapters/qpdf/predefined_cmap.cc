#include "adapters/qpdf/predefined_cmap.h"

#include <algorithm>
#include <array>

namespace moat::adapters {
namespace {

using Codes = PredefinedCMap::Codes;

struct Entry {
    std::string_view name;  // without -H or -V
    std::string_view charset;
    Codes codes;
    bool seven_bit = false;
};

constexpr auto kEntries = std::to_array<Entry>({
    {"GB-EUC", "GB18030", Codes::gbk},
    {"GBpc-EUC", "GB18030", Codes::gbk},
    {"GBK-EUC", "GB18030", Codes::gbk},
    {"GBKp-EUC", "GB18030", Codes::gbk},
    {"GBK2K", "GB18030", Codes::gbk},
    {"GBT-EUC", "GB18030", Codes::gbk},
    {"GB", "GB18030", Codes::two_bytes, true},
    {"UniGB-UCS2", "UTF-16BE", Codes::two_bytes},
    {"UniGB-UTF16", "UTF-16BE", Codes::utf16},
    {"UniGB-UTF32", "UTF-32BE", Codes::four_bytes},
    {"UniGB-UTF8", "UTF-8", Codes::utf8},
    {"B5pc", "Big5", Codes::big5},
    {"HKscs-B5", "Big5-HKSCS", Codes::big5},
    {"ETen-B5", "Big5", Codes::big5},
    {"ETenms-B5", "Big5", Codes::big5},
    {"UniCNS-UCS2", "UTF-16BE", Codes::two_bytes},
    {"UniCNS-UTF16", "UTF-16BE", Codes::utf16},
    {"UniCNS-UTF32", "UTF-32BE", Codes::four_bytes},
    {"UniCNS-UTF8", "UTF-8", Codes::utf8},
    {"83pv-RKSJ", "Shift_JIS", Codes::shift_jis},
    {"90ms-RKSJ", "Shift_JIS", Codes::shift_jis},
    {"90msp-RKSJ", "Shift_JIS", Codes::shift_jis},
    {"90pv-RKSJ", "Shift_JIS", Codes::shift_jis},
    {"Add-RKSJ", "Shift_JIS", Codes::shift_jis},
    {"Ext-RKSJ", "Shift_JIS", Codes::shift_jis},
    {"RKSJ", "Shift_JIS", Codes::shift_jis},
    {"EUC", "EUC-JP", Codes::euc},
    {"H", "EUC-JP", Codes::two_bytes, true},
    {"UniJIS-UCS2", "UTF-16BE", Codes::two_bytes},
    {"UniJIS-UCS2-HW", "UTF-16BE", Codes::two_bytes},
    {"UniJIS-UTF16", "UTF-16BE", Codes::utf16},
    {"UniJIS2004-UTF16", "UTF-16BE", Codes::utf16},
    {"UniJIS-UTF32", "UTF-32BE", Codes::four_bytes},
    {"UniJIS2004-UTF32", "UTF-32BE", Codes::four_bytes},
    {"UniJIS-UTF8", "UTF-8", Codes::utf8},
    {"KSC-EUC", "EUC-KR", Codes::gbk},
    {"KSCms-UHC", "EUC-KR", Codes::big5},
    {"KSCms-UHC-HW", "EUC-KR", Codes::big5},
    {"KSCpc-EUC", "EUC-KR", Codes::big5},
    {"KSC", "EUC-KR", Codes::two_bytes, true},
    {"UniKS-UCS2", "UTF-16BE", Codes::two_bytes},
    {"UniKS-UTF16", "UTF-16BE", Codes::utf16},
    {"UniKS-UTF32", "UTF-32BE", Codes::four_bytes},
    {"UniKS-UTF8", "UTF-8", Codes::utf8},
});

bool within(unsigned value, unsigned least, unsigned greatest) {
    return value >= least && value <= greatest;
}

int utf8_length(unsigned first) {
    if (first < 0x80) return 1;
    if (first < 0xE0) return 2;
    return first < 0xF0 ? 3 : 4;
}

int code_length(Codes codes, std::string_view bytes) {
    const auto at = [bytes](std::size_t i) {
        return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
    };
    const unsigned first = at(0);
    switch (codes) {
        case Codes::gbk:
            if (!within(first, 0x81, 0xFE)) return 1;
            return within(at(1), 0x30, 0x39) ? 4 : 2;
        case Codes::big5:
            return within(first, 0x81, 0xFE) ? 2 : 1;
        case Codes::shift_jis:
            return within(first, 0x81, 0x9F) || within(first, 0xE0, 0xFC) ? 2 : 1;
        case Codes::euc:
            return first == 0x8E || within(first, 0xA0, 0xFE) ? 2 : 1;
        case Codes::utf16:
            return within(first, 0xD8, 0xDB) ? 4 : 2;
        case Codes::utf8:
            return utf8_length(first);
        case Codes::four_bytes:
            return 4;
        case Codes::two_bytes:
            break;
    }
    return 2;
}

}  // namespace

CharacterCode PredefinedCMap::next_code(std::string_view bytes) const {
    const int length = std::min(code_length(codes, bytes), static_cast<int>(bytes.size()));
    std::uint32_t value = 0;
    for (int i = 0; i < length; ++i)
        value = value << 8U | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    return {value, length};
}

std::string PredefinedCMap::bytes_of(std::string_view code) const {
    std::string bytes(code);
    if (seven_bit) {
        for (char& byte : bytes)
            byte = static_cast<char>(static_cast<unsigned char>(byte) | 0x80U);
    }
    return bytes;
}

std::optional<PredefinedCMap> find_predefined_cmap(std::string_view name) {
    bool vertical = false;
    if (name == "V") {
        name = "H";
        vertical = true;
    } else if (name.ends_with("-H") || name.ends_with("-V")) {
        vertical = name.back() == 'V';
        name.remove_suffix(2);
    }
    const auto found = std::ranges::find(kEntries, name, &Entry::name);
    if (found == kEntries.end()) return std::nullopt;
    return PredefinedCMap{found->charset, found->codes, found->seven_bit, vertical};
}

}  // namespace moat::adapters
