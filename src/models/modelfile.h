#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/chat.h"

// The recipe of a model. Lines of `INSTRUCTION value`, the instruction in any case; '#' begins a
// comment only where an instruction may stand. A value is bare (to the end of its line, trimmed),
// "quoted", or """quoted"""; quoted ones may span lines, and nothing in them is escaped.
//
//   FROM x          an installed model, a file or a folder; required, may repeat
//   ADAPTER path    DRAFT path    LICENSE text      may repeat
//   TEMPLATE text   SYSTEM text   RENDERER name   PARSER name   REQUIRES version
//   PARAMETER name value          repeated stop accumulates
//   MESSAGE role text             role: system, user, assistant
//
// UTF-8, or UTF-16 with a byte order mark. Threads: any (a value).
namespace moat::models {

struct Modelfile {
    std::vector<std::string> from;  // at least one
    std::vector<std::string> adapters;
    std::vector<std::string> drafts;
    std::vector<std::string> licenses;
    std::optional<std::string> prompt_template;
    std::optional<std::string> system;
    std::optional<std::string> renderer;
    std::optional<std::string> parser;
    std::optional<std::string> required_version;
    json::Object parameters;  // of the types of models/parameters.h; stop is an array
    std::vector<ChatMessage> messages;
    std::vector<std::string> warnings;  // for people: "parameter x is deprecated"
};

// Errors: invalid_argument, in the words of `ollama create`: "no FROM line", "unexpected EOF",
// `(line 3): command must be one of "from", ...`, "unknown parameter 'x'".
Result<Modelfile> parse_modelfile(std::string_view text);

// MAJOR.MINOR.PATCH, with an optional leading 'v' and pre-release: what REQUIRES takes.
bool is_full_version(std::string_view text);

// A value as one may write it in a Modelfile: quoted when it needs to be.
std::string quote_for_modelfile(std::string_view value);

}  // namespace moat::models
