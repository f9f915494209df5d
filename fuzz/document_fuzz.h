#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "documents/chunker.h"
#include "documents/parser.h"

// What the fuzzers of the document parsers have in common.
namespace moat::fuzz {

inline BytesView bytes_of_input(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

// Small, so that a run ends soon.
inline documents::ParseLimits small_limits() {
    return {
        .max_input_bytes = std::size_t{1} << 20U,
        .max_text_bytes = std::size_t{4} << 20U,
        .max_unpacked_bytes = std::size_t{4} << 20U,
        .max_blocks = 20'000,
        .max_pages = 100,
    };
}

// What every parser promises of what it accepts.
inline void check_document(const documents::Document& document) {
    if (!is_utf8(document.title)) __builtin_trap();
    std::size_t bytes = 0;
    for (const auto& block : document.blocks) {
        if (block.text.empty() || !is_utf8(block.text)) __builtin_trap();
        if (block.kind == documents::BlockKind::heading && (block.level < 1 || block.level > 6))
            __builtin_trap();
        bytes += block.text.size();
        for (const auto& heading : block.headings) {
            if (!is_utf8(heading)) __builtin_trap();
        }
    }
    if (bytes > small_limits().max_text_bytes) __builtin_trap();
    if (document.blocks.size() > small_limits().max_blocks) __builtin_trap();
    for (const auto& chunk : documents::chunk_document(document)) {
        if (!is_utf8(chunk.text)) __builtin_trap();
        if (chunk.first_block > chunk.last_block || chunk.last_block >= document.blocks.size())
            __builtin_trap();
    }
}

inline void parse_and_check(
    const documents::FormatParser& parser, const std::uint8_t* data, std::size_t size
) {
    const BytesView bytes = bytes_of_input(data, size);
    (void)parser.recognises(bytes);
    const auto document = parser.parse(bytes, "input", small_limits());
    if (document) check_document(*document);
}

}  // namespace moat::fuzz
