#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace moat {

// Cuts [0, count) into parts of at least `least_part` and runs `work(begin, end)` for each, on up
// to `max_threads` threads (the caller's and new ones), no more than the machine has. Returns when
// all have ended; of several errors the one of the lowest part.
//
// Threads: `work` is called from several at once. Cost: some 50 µs for each thread that is started,
// so a part should be worth more. `work` must not throw.
Status parallel_parts(
    std::size_t count,
    std::size_t least_part,
    std::size_t max_threads,
    const std::function<Status(std::size_t begin, std::size_t end)>& work
);

}  // namespace moat
