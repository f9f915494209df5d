#pragma once

#include <string>

#include "base/result.h"

namespace moat::cli {

// Lets the person change `text` in the editor that OLLAMA_EDITOR, VISUAL or EDITOR names (else vi).
// Blocks until the editor ends. The text lies meanwhile in a file only its owner may read.
// Errors: io, when the editor does not start or ends with a failure: the text is as it was.
Result<std::string> edit_text(const std::string& text);

}  // namespace moat::cli
