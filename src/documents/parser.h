#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "documents/document.h"

namespace moat::documents {

// Bounds on what one file may cost.
struct ParseLimits {
    std::size_t max_input_bytes = std::size_t{256} << 20;
    std::size_t max_text_bytes = std::size_t{64} << 20;       // of all blocks
    std::size_t max_unpacked_bytes = std::size_t{512} << 20;  // of all archive members read
    std::size_t max_blocks = 1'000'000;
    int max_pages = 20'000;
    int seconds = 120;                                // wall clock, in a child process
    std::size_t memory_bytes = std::size_t{2} << 30;  // address space, in a child process
};

// Reads one family of formats. Implemented in adapters/.
//
// Threads: any (const, no state). Runs inside the confined child; input is hostile.
// Errors:  corrupt (not this format, or broken: says where), unsupported (encrypted),
//          too_large (a limit, named). A message is a predicate ("is encrypted: ..."): whoever
//          knows the file's name (format_registry.h) puts it before.
class FormatParser {
  public:
    virtual ~FormatParser() = default;
    virtual std::vector<std::string> extensions() const = 0;  // lower case, with the dot
    // Does the content look like this format, whatever its name? Looks at no more than it needs.
    virtual bool recognises(BytesView data) const = 0;
    virtual Result<Document> parse(
        BytesView data, std::string_view file_name, const ParseLimits& limits
    ) const = 0;
};

// Reads any file by content first, extension second.
class DocumentParser {
  public:
    virtual ~DocumentParser() = default;
    // `file_name` is for the extension and messages; `path` is where the bytes are.
    // Errors: those of FormatParser, unsupported for an unknown format (listing the known ones),
    //         not_found and io for the file, timed_out, cancelled.
    virtual Result<Document> parse(
        const std::filesystem::path& path, std::string_view file_name, std::stop_token stop
    ) = 0;
    virtual std::vector<std::string> extensions() const = 0;
};

}  // namespace moat::documents
