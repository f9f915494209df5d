// The chunker and the sentence splitter on text of any kind.
#include "document_fuzz.h"
#include "documents/document_builder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
    for (const auto sentence : moat::documents::split_sentences(text)) {
        if (sentence.empty()) __builtin_trap();
    }
    moat::documents::DocumentBuilder builder("text/plain", moat::fuzz::small_limits());
    std::size_t begin = 0;
    for (std::size_t i = 0; begin < text.size(); ++i) {
        const std::size_t end = std::min(text.find('\f', begin), text.size());
        const std::string part = text.substr(begin, end - begin);
        const unsigned kind = (data[0] + i * data[1]) % 6;
        if (kind == 0) {
            (void)builder.add_heading(static_cast<int>(i % 7), part);
        } else if (kind == 3) {
            (void)builder.add_row({part, "cell"});
        } else if (kind == 5) {
            (void)builder.add_record({{"name", part}, {"more", "x"}});
        } else {
            (void)builder.add(static_cast<moat::documents::BlockKind>(kind), part);
        }
        begin = end + 1;
    }
    const auto document = std::move(builder).finish();
    moat::fuzz::check_document(document);
    const auto chunks =
        moat::documents::chunk_document(document, {.target_size = 20, .max_size = 40});
    for (const auto& chunk : chunks) {
        if (!moat::is_utf8(chunk.text)) __builtin_trap();
    }
    return 0;
}
