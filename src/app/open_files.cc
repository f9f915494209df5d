#include "app/open_files.h"

#include <algorithm>
#include <sys/resource.h>

#include "base/log.h"

namespace moat::app {
namespace {

constexpr std::size_t kUsualLimit = 1024;  // where the system does not say
constexpr std::size_t kMostConnections = 4096;

}  // namespace

std::size_t raise_open_files_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsualLimit;
    rlimit raised = limit;
    raised.rlim_cur = raised.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
    log::warning("cannot raise the limit of open files above {}", limit.rlim_cur);
    return limit.rlim_cur;
}

std::size_t connections_for(std::size_t open_files) {
    return std::clamp<std::size_t>(open_files / 2, 1, kMostConnections);
}

}  // namespace moat::app
