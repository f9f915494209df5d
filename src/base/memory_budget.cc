#include "base/memory_budget.h"

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace moat {

std::size_t machine_memory() {
    const auto pages = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES));
    const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t machine = pages * page_bytes;
    std::ifstream group("/sys/fs/cgroup/memory.max");
    std::size_t limit = 0;
    return group >> limit ? std::min(machine, limit) : machine;  // no number: "max"
}

}  // namespace moat
