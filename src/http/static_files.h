#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "http/router.h"

namespace moat::http {

// A file linked into the program (scripts/embed.py makes the tables).
struct EmbeddedFile {
    std::string_view path;  // "assets/index-3f2a.js"
    std::string_view content_type;
    std::string_view etag;  // with quotes
    std::string_view data;
    std::string_view gzip;  // empty: not worth it
    bool immutable;         // its name holds a hash of its content
};

// Routes that serve `files`, and GET / : index.html for a browser, else the text by which Ollama's
// clients know a server. Files with hashed names may be kept by browsers for ever, others are asked
// for again. Borrows the files for the life of the program.
std::vector<Route> static_routes(std::span<const EmbeddedFile> files);

}  // namespace moat::http
