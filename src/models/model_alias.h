#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "models/model_name.h"

// A name that stands for an installed model and can be switched to another. One small JSON file
// each, aliases/<host>/<namespace>/<model>/<tag> beside the manifests, written beside and renamed:
// who reads it sees the old target or the new one. Format: docs/formats/models.md.
// Threads: any (a value).
namespace moat::models {

struct ModelAlias {
    struct Step {
        std::string target;  // a model's whole name, with its tag
        Time since;          // when it became the target
    };

    ModelName name;
    std::vector<Step> steps;  // the oldest first, at most kMaxAliasSteps; the last is in force

    const std::string& target() const { return steps.back().target; }
};

// What rollback can go back over; older steps are forgotten.
inline constexpr std::size_t kMaxAliasSteps = 32;

// `name` is that of the file. Errors: corrupt.
Result<ModelAlias> parse_alias(ModelName name, std::string_view text);
std::string to_json(const ModelAlias& alias);

}  // namespace moat::models
