#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "documents/document.h"

// Cuts a document into passages for retrieval, along its structure: never across a heading of the
// top levels when the parts are large enough, never inside a table row or a record, inside a
// paragraph only at sentence ends (Latin and CJK), and never inside a character.
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
    std::string text;  // blocks joined by newlines, without the heading path
    std::vector<std::string> headings;
    int first_page = 0;
    int last_page = 0;
    std::size_t first_block = 0;  // [first_block, last_block] of Document::blocks
    std::size_t last_block = 0;
    std::vector<Region> regions;
    std::vector<std::pair<std::string, std::string>> fields;  // of a record
};

std::vector<Chunk> chunk_document(const Document& document, const ChunkOptions& options = {});

// The sentences of `text` as views into it, white space between them left out.
std::vector<std::string_view> split_sentences(std::string_view text);

}  // namespace moat::documents
