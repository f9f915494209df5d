#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/commands.h"

// What `moat run` sends, whether for one answer or a dialogue. Threads: any; nothing here keeps
// state.
namespace moat::cli {

// What /api/show said of a model. Errors: not_found, those of the server.
Result<json::Value> describe_model(Session session, const std::string& model);

// Does /api/show list this capability?
bool is_capable(const json::Value& shown, std::string_view capability);

// "json" stays a text, a schema becomes an object.
json::Value format_of(const std::string& text);

// true and false, or a level. Errors: invalid_argument for any other word.
Result<json::Value> think_of(const std::string& text);

// Model, format, keep_alive, think and options, as `options` has them.
Status add_common(json::Object& request, const RunOptions& options, json::Object parameters);

}  // namespace moat::cli
