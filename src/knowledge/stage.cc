#include <array>
#include <utility>

#include "knowledge/catalog.h"

namespace moat::knowledge {
namespace {

constexpr std::array<std::pair<Stage, std::string_view>, 6> kNames{{
    {Stage::queued, "queued"},
    {Stage::parsing, "parsing"},
    {Stage::embedding, "embedding"},
    {Stage::indexing, "indexing"},
    {Stage::ready, "ready"},
    {Stage::failed, "failed"},
}};

}  // namespace

std::string_view to_string(Stage stage) {
    for (const auto& [value, name] : kNames)
        if (value == stage) return name;
    return "unknown";
}

Result<Stage> parse_stage(std::string_view text) {
    for (const auto& [value, name] : kNames)
        if (name == text) return value;
    return Error{ErrorCode::corrupt, "unknown stage of a document"};
}

}  // namespace moat::knowledge
