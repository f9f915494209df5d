#include "adapters/text_encoding/utf16_guess.h"

#include <algorithm>
#include <cstdint>

namespace moat::adapters {
namespace {

constexpr std::size_t kSampleUnits = 32'768;

struct Tally {
    std::size_t plausible = 0;
    std::size_t separators = 0;  // blanks, line ends, common stops: no text is without
};

void count_unit(Tally& tally, unsigned unit) {
    const bool separator = unit == ' ' || unit == '\n' || unit == '\r' || unit == '\t' ||
                           unit == 0x3002 || unit == 0xFF0C || unit == 0x3001;
    const bool ascii = unit > 0x20 && unit < 0x7F;
    const bool latin = unit >= 0xA0 && unit < 0x180;
    const bool general_punctuation = unit >= 0x2010 && unit < 0x2040;
    const bool cjk = (unit >= 0x3000 && unit < 0x3100) || (unit >= 0x4E00 && unit < 0xA000) ||
                     (unit >= 0xFF00 && unit < 0xFFF0);
    if (separator) ++tally.separators;
    if (separator || ascii || latin || general_punctuation || cjk) ++tally.plausible;
}

}  // namespace

std::string_view guess_utf16(BytesView bytes) {
    if (bytes.size() < 4 || bytes.size() % 2 != 0) return "";
    const std::size_t units = std::min(bytes.size() / 2, kSampleUnits);
    Tally little;
    Tally big;
    for (std::size_t i = 0; i < units; ++i) {
        const auto first = std::to_integer<unsigned>(bytes[2 * i]);
        const auto second = std::to_integer<unsigned>(bytes[2 * i + 1]);
        count_unit(little, second << 8U | first);
        count_unit(big, first << 8U | second);
    }
    const bool is_little = little.plausible > big.plausible;
    const Tally& best = is_little ? little : big;
    if (best.plausible * 100 < units * 95 || best.separators * 200 < units) return "";
    return is_little ? "UTF-16LE" : "UTF-16BE";
}

}  // namespace moat::adapters
