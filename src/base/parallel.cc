#include "base/parallel.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace moat {

Status parallel_parts(
    std::size_t count,
    std::size_t least_part,
    std::size_t max_threads,
    const std::function<Status(std::size_t begin, std::size_t end)>& work
) {
    const std::size_t machine = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t worth = count / std::max<std::size_t>(least_part, 1);
    const std::size_t parts = std::max<std::size_t>(1, std::min({worth, max_threads, machine}));
    std::vector<Status> results(parts, Ok{});
    const auto run = [&](std::size_t part) {
        results[part] = work(count * part / parts, count * (part + 1) / parts);
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t part = 1; part < parts; ++part)
            threads.emplace_back(run, part);
        run(0);
    }
    for (Status& result : results)
        TRY(std::move(result));
    return Ok{};
}

}  // namespace moat
