#pragma once

#include <string_view>

namespace moat::app {

inline constexpr std::string_view kVersion = "0.1.0";
// The Ollama whose API is spoken: some of its clients hide features from servers they find too old.
inline constexpr std::string_view kOllamaVersion = "0.32.15";

}  // namespace moat::app
