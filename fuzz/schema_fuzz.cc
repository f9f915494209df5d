// JSON schemas of requests, made into grammars by llama.cpp and followed: up to the first NUL a
// schema, then a text.
#include <algorithm>
#include <cstdint>
#include <string>

#include "adapters/llama/answer_rules.h"
#include "follow_grammar.h"
#include "inference/schema_limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace moat;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(all.find('\0'), all.size());
    const auto schema = json::read(all.substr(0, end));
    // As far as the runtime lets schemas through to a runner.
    if (!schema || !inference::check_schema(*schema)) return 0;
    inference::GenerateRequest request;
    request.json_schema = json::write(*schema);
    auto guide = adapters::llama::guide_for(request, nullptr);
    if (guide && *guide) follow(**guide, all.substr(std::min(end + 1, all.size())));
    return 0;
}
