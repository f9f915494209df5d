#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "index/row_set.h"
#include "index/vector_codes.h"
#include "index/vector_graph.h"
#include "index/vector_index.h"

namespace moat::index {

// What a VectorIndex has of its vectors besides themselves: codes about one frame and, once there
// are enough rows, the graph over them.
struct VectorIndex::Generation {
    Generation(
        const Rotation& rotation,
        Distance distance,
        VectorCodes::Frame frame,
        CodeWidth width,
        std::unique_ptr<ChunkSource> records,
        std::unique_ptr<ChunkSource> values
    )
        : codes(
              rotation, distance, std::move(frame), width, std::move(records), std::move(values)
          ) {}

    VectorCodes codes;
    std::unique_ptr<VectorGraph> graph;  // set before the generation is shared
    std::atomic<Row> graph_end = 0;
    std::atomic<std::size_t> member_count = 0;

    // Of the builder.
    bool links_are_stored = false;  // in an image, which is not for writing
    std::size_t pivots_of = 0;      // how many members there were when the pivots were chosen
    RowSet members;                 // rows in the graph that are answers
    RowSet gone;                    // removed ones that links may still lead to
    std::vector<Row> unrepaired;    // of `gone`: the rows that link to them may not know it yet
    RowSet sweeping;                // of `gone`: what the pass over all rows, if any, is about
    Row sweep_at = 0;               // where that pass is
};

}  // namespace moat::index
