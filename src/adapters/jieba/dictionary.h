#pragma once

#include <string_view>

namespace moat::adapters::jieba {

// cppjieba's dictionary and hidden Markov model, as linked into the binary.
std::string_view dictionary_text();
std::string_view model_text();

}  // namespace moat::adapters::jieba
