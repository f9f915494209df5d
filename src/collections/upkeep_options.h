#pragma once

#include <cstddef>

namespace moat::collections {

// When the work behind the writes is done. The defaults suit real use; tests make it happen sooner.
struct UpkeepOptions {
    // Index entries of this many rows are sealed into the store. It bounds what a restart reads
    // again (about 0.2 s), and how many sealed segments a query looks into.
    std::size_t seal_rows = 16'384;
    // Index entries of removed rows stay in memory until so many are worked into the store at once.
    std::size_t seal_removals = 200'000;
    // From so many vectors on there is a graph.
    std::size_t graph_rows = 20'000;
    // The graph is saved after so many new rows, or an eighth of all.
    std::size_t checkpoint_rows = 10'000;
    // Columns of numbers and dates that were read lately stay in memory, of all collections.
    std::size_t column_cache_bytes = std::size_t{256} << 20;
};

}  // namespace moat::collections
