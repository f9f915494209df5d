#include "adapters/llama/cores.h"

#include <algorithm>
#include <fstream>
#include <sched.h>
#include <set>
#include <string>

namespace moat::adapters::llama {
namespace {

// "0" or "0,64" or "0-1": the hardware threads of one core, the same text for each of them.
std::string core_of(int cpu) {
    const std::string root = "/sys/devices/system/cpu/cpu" + std::to_string(cpu);
    std::ifstream file(root + "/topology/thread_siblings_list");
    std::string siblings;
    return std::getline(file, siblings) ? siblings : std::to_string(cpu);
}

// cpu.max holds "quota period" in microseconds, or "max period".
int quota_cores() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    long quota = 0;
    long period = 0;
    if (!(file >> quota >> period) || quota <= 0 || period <= 0) return CPU_SETSIZE;
    return static_cast<int>(std::max(1L, (quota + period / 2) / period));
}

}  // namespace

int usable_cores() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) cores.insert(core_of(cpu));
    }
    return std::max(1, std::min(static_cast<int>(cores.size()), quota_cores()));
}

}  // namespace moat::adapters::llama
