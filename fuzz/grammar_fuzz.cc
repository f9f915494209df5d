// Grammars of requests, parsed and followed: up to the first NUL a grammar, then a text.
#include <algorithm>
#include <cstdint>
#include <string>

#include "follow_grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(all.find('\0'), all.size());
    auto guide = moat::inference::GrammarGuide::make({.grammar = std::string(all.substr(0, end))});
    if (guide) follow(*guide, all.substr(std::min(end + 1, all.size())));
    return 0;
}
