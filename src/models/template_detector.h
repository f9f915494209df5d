#pragma once

#include <span>
#include <string_view>

// Which well-known prompt format a GGUF's own (Jinja) template writes, told by the marks in it.
// Moat renders the Jinja template itself, so a name decides nothing about the prompt; what it adds
// are the strings at which such a model's answer ends, for files whose end-of-turn token is not
// declared. Threads: any; a constant table.
namespace moat::models {

struct NamedTemplate {
    std::string_view name;  // as Ollama names it: "chatml"
    std::span<const std::string_view> stops;
    double temperature = -1;  // negative: none of its own
};

// nullptr when it resembles none. Templates that know tools or are long write more than the named
// formats have, and resemble none of them.
const NamedTemplate* detect_template(std::string_view jinja);

}  // namespace moat::models
