#pragma once

#include <memory>

#include "documents/format_registry.h"
#include "documents/text_decoder.h"

namespace moat::app {

// Every format this build reads, with what their parsers share.
// Threads: any (const). Owns: all of it.
class Formats {
  public:
    Formats();

    const documents::FormatRegistry& registry() const { return registry_; }

  private:
    std::unique_ptr<documents::TextDecoder> decoder_;
    documents::FormatRegistry registry_;  // its parsers borrow decoder_
};

}  // namespace moat::app
