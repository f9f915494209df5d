#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "documents/parser.h"

namespace moat::documents {

// Chooses the parser of a file: by content first, by extension second. A file whose content is a
// known format that no parser reads (a picture, an archive) is refused by name.
//
// Threads: any (const). Owns: the parsers.
class FormatRegistry {
  public:
    // Earlier parsers are asked first whether they recognise a content.
    explicit FormatRegistry(std::vector<std::unique_ptr<FormatParser>> parsers);

    // Errors: those of FormatParser with the file's name before the message, too_large for the
    // input, unsupported for an unknown format, listing the known extensions.
    Result<Document> parse(BytesView data, std::string_view file_name, const ParseLimits& limits)
        const;
    // Of all parsers, sorted.
    std::vector<std::string> extensions() const;

  private:
    Result<const FormatParser*> choose(BytesView data, std::string_view file_name) const;

    std::vector<std::unique_ptr<FormatParser>> parsers_;
};

// Lower case with the dot, of the last path component; empty when there is none.
std::string extension_of(std::string_view file_name);
// The last path component without its extension.
std::string stem_of(std::string_view file_name);
// `file_name` in quotes, fit for a message: one line, well-formed, at most 200 bytes.
std::string quoted_name(std::string_view file_name);

}  // namespace moat::documents
