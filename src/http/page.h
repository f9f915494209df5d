#pragma once

#include <span>

#include "http/static_files.h"

namespace moat::http {

// The files of the page (web/), linked into the program. Threads: any.
std::span<const EmbeddedFile> page_files();

}  // namespace moat::http
