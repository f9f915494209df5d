#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

// Walks over the fields of one protocol-buffers message (the wire format, proto2): enough for
// SentencePiece's model files, of which five fields matter here. Threads: one at a time.
// The content is hostile: nothing is read beyond the view, and nothing is copied.
namespace moat::models {

class ProtoReader {
  public:
    struct Field {
        std::uint32_t number = 0;
        std::uint64_t value = 0;  // of a varint or a fixed number, its bits
        std::string_view bytes;   // of a text, bytes or a message within

        float as_float() const;
    };

    explicit ProtoReader(std::string_view message) : rest_(message) {}

    // Nothing at the end. Errors: corrupt.
    Result<std::optional<Field>> next();

  private:
    Result<std::uint64_t> varint();
    Result<std::string_view> take(std::uint64_t count);

    std::string_view rest_;
};

}  // namespace moat::models
