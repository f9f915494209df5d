#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "documents/document.h"

// Cuts a document into passages for retrieval, along its structure: never across a heading of the
// top levels when the parts are large enough, never inside a table row, inside a paragraph only at
// sentence ends (Latin and CJK), and never inside a character. A record is a chunk of its own; one
// over the maximum is cut at line and sentence ends, and each part keeps the fields; of a record
// over kMaxRepeatedFieldsBytes only the first does.
//
// Threads: any (pure functions). Cost: linear in the text.
namespace moat::documents {

struct ChunkOptions {
    // Sizes are in weighted characters: a CJK character counts 2.5, any other 1, so that both
    // scripts come out near the same number of tokens.
    std::size_t target_size = 800;
    std::size_t max_size = 1200;
    std::size_t overlap_sentences = 1;  // repeated at the start of a chunk cut inside a paragraph
};

// Where part of a chunk stands on the page.
struct Region {
    int page = 0;
    Box box;
};

struct Chunk {
    // Blocks joined by newlines. Headings that all of them share stand in `headings` only. A part
    // of a table begins with the table's first row, a later part of a record with its first line.
    std::string text;
    std::vector<std::string> headings;
    int first_page = 0;
    int last_page = 0;
    std::size_t first_block = 0;  // [first_block, last_block] of Document::blocks
    std::size_t last_block = 0;
    std::vector<Region> regions;
    // Of a record. Views the document.
    std::span<const std::pair<std::string, std::string>> fields;
};

inline constexpr std::size_t kMaxRepeatedFieldsBytes = std::size_t{64} << 10;

// Borrows: the document, for as long as the chunks' fields are used.
std::vector<Chunk> chunk_document(const Document& document, const ChunkOptions& options = {});

// The sentences of `text` as views into it, white space between them left out. A line end always
// ends one.
std::vector<std::string_view> split_sentences(std::string_view text);

}  // namespace moat::documents
