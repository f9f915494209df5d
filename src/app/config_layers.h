#pragma once

#include "app/config.h"

// The sources of a Config, one function each. Threads: any.
namespace moat::app {

// Does nothing when the file is absent. Relative paths in it are relative to its folder.
// Errors: invalid_argument with the line: not TOML, an unknown setting, a wrong type.
Status apply_file(Config& config, const std::filesystem::path& file);
Status apply_environment(Config& config, const Environment& environment);
Status apply_flags(Config& config, const ServeFlags& flags);

// Comma-separated, spaces trimmed, empty ones dropped.
std::vector<std::string> split_list(std::string_view text);
Result<std::vector<HostPort>> parse_listen(const std::vector<std::string>& addresses);
// "HOST:PORT", or "off". Errors: invalid_argument.
Status choose_grpc_listen(Config& config, const std::string& text);

}  // namespace moat::app
