#pragma once

#include <string>

#include "documents/text_decoder.h"

namespace moat::documents {

// For tests of parsers whose input is UTF-8: decodes that and nothing else.
class TestUtf8Decoder final : public TextDecoder {
  public:
    Result<DecodedText> decode(BytesView bytes, std::string_view) const override {
        return DecodedText{.text = to_valid_utf8(text_of(bytes)), .encoding = "UTF-8"};
    }
    Result<std::string> decode_as(BytesView, std::string_view encoding) const override {
        return Error{ErrorCode::unsupported, "cannot decode " + std::string(encoding)};
    }
    std::string fold_presentation_forms(std::string_view text) const override {
        return std::string(text);
    }
};

}  // namespace moat::documents
