#include "index/han_folding.h"

#include <memory>

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include "base/check.h"
#include "base/log.h"

namespace moat::index {

HanFolding::HanFolding() : table_(kEnd - kFirst) {
    icu::UnicodeString text;
    for (char32_t c = kFirst; c < kEnd; ++c) {
        table_[c - kFirst] = c;
        text.append(static_cast<UChar32>(c));
        // A separator, so that the transform sees characters and no words.
        text.append(static_cast<UChar32>('\n'));
    }
    UErrorCode error = U_ZERO_ERROR;
    const std::unique_ptr<icu::Transliterator> transform(
        icu::Transliterator::createInstance("Traditional-Simplified", UTRANS_FORWARD, error)
    );
    if (U_FAILURE(error) || transform == nullptr) {
        log::warning("traditional and simplified Chinese stay apart: {}", u_errorName(error));
        return;
    }
    transform->transliterate(text);
    char32_t source = kFirst;
    int at = 0;
    while (at < text.length() && source < kEnd) {
        const int end = text.indexOf(static_cast<UChar>('\n'), at);
        CHECK(end >= at);
        const UChar32 mapped = text.char32At(at);
        // A character that becomes several is left as it is.
        if (end - at == U16_LENGTH(mapped)) table_[source - kFirst] = static_cast<char32_t>(mapped);
        at = end + 1;
        ++source;
    }
}

}  // namespace moat::index
