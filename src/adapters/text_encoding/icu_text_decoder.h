#pragma once

#include <memory>

#include "documents/text_decoder.h"

namespace moat::adapters {

// TextDecoder by ICU's converters and uchardet's statistics. Opens the usual converters when it is
// made, so that a confined process finds them loaded.
std::unique_ptr<documents::TextDecoder> make_icu_text_decoder();

}  // namespace moat::adapters
