#pragma once

#include <algorithm>
#include <cstddef>

namespace moat::collections {

// How the memory that all collections together may take is divided among its users.
struct StoreMemory {
    static constexpr std::size_t kLeast = std::size_t{64} << 20;

    std::size_t total = 0;
    std::size_t cache = 0;    // blocks of the key-value store that were read lately
    std::size_t buffers = 0;  // of writes that are in its log only
    std::size_t columns = 0;  // UpkeepOptions::column_cache_bytes
    std::size_t vectors = 0;  // codes and graphs; PagedMemory has what is more
    // The rest is for index entries of the newest objects, row sets and work under way.

    // REQUIRES: total >= kLeast.
    static StoreMemory of(std::size_t total) {
        constexpr std::size_t kMegabyte = std::size_t{1} << 20;
        StoreMemory memory;
        memory.total = total;
        memory.cache = std::min(total / 8, 256 * kMegabyte);
        memory.buffers = std::min(total / 8, 128 * kMegabyte);
        memory.columns = std::min(total / 8, 256 * kMegabyte);
        memory.vectors = total - memory.cache - memory.buffers - memory.columns - total / 8;
        return memory;
    }
};

}  // namespace moat::collections
