// Tokenizers of published models: the first byte chooses the file.
#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "models/convert/vocabulary.h"

namespace {

// What llama.cpp takes for granted.
void check(moat::models::Vocabulary vocabulary) {
    constexpr std::uint32_t kRows = 1000;
    vocabulary.fit(kRows);
    std::unordered_set<std::string> texts;
    for (const auto& token : vocabulary.tokens())
        if (token.text.empty() || !texts.insert(token.text).second) __builtin_trap();
    if (texts.size() != kRows) __builtin_trap();
    moat::models::GgufHead head;
    vocabulary.write(head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace moat;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    if (data[0] % 3 == 0) {
        const auto pieces = models::read_sentence_pieces(text);
        if (pieces) check(*pieces);
        return 0;
    }
    const auto value = json::read(text);
    if (!value || !value->is_object()) return 0;
    auto vocabulary = data[0] % 3 == 1 ? models::read_bpe(*value) : models::read_unigram(*value);
    if (!vocabulary) return 0;
    if (models::place_added_tokens(*vocabulary, *value, *value, *value)) check(*vocabulary);
    return 0;
}
