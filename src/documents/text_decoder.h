#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

// Bytes in some character encoding -> UTF-8. Implemented in adapters/text_encoding.
namespace moat::documents {

struct DecodedText {
    std::string text;      // well-formed UTF-8 without byte order mark, line ends as they were
    std::string encoding;  // "UTF-8", "GB18030", "Big5", ...
    bool lossy = false;    // some bytes had no meaning and became U+FFFD
};

// Threads: any (const).
class TextDecoder {
  public:
    virtual ~TextDecoder() = default;

    // Finds the encoding: a byte order mark, UTF-8 that holds together, UTF-16 by its pattern of
    // zero bytes, then `declared` (a label found in the file; may be empty) and statistics.
    // Never guesses away binary data. Errors: corrupt when this is no text.
    virtual Result<DecodedText> decode(BytesView bytes, std::string_view declared) const = 0;

    // `bytes` in the encoding of that name; ill-formed parts become U+FFFD.
    // Errors: unsupported for an encoding nobody knows.
    virtual Result<std::string> decode_as(BytesView bytes, std::string_view encoding) const = 0;

    // Forms that characters take in fonts as the characters they stand for: Latin ligatures,
    // presentation forms of Arabic, CJK radicals and compatibility ideographs; letters and their
    // combining marks become one (Unicode NFC). Full-width forms and superscripts stay.
    virtual std::string fold_presentation_forms(std::string_view text) const = 0;
};

}  // namespace moat::documents
