#include "adapters/jieba/dictionary.h"

// Defined in dictionary.S, which the assembler fills from the dictionary files.
// NOLINTBEGIN(readability-identifier-naming): the assembler's symbols
extern "C" {
extern const char moat_jieba_dictionary[];
extern const char moat_jieba_dictionary_end[];
extern const char moat_jieba_model[];
extern const char moat_jieba_model_end[];
}
// NOLINTEND(readability-identifier-naming)

namespace moat::adapters::jieba {
namespace {

std::string_view between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::string_view dictionary_text() {
    return between(moat_jieba_dictionary, moat_jieba_dictionary_end);
}

std::string_view model_text() {
    return between(moat_jieba_model, moat_jieba_model_end);
}

}  // namespace moat::adapters::jieba
