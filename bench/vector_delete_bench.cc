// Deleting a tenth of the vectors of an index: recall and queries a second after it against before,
// and what searches wait for while the graph is repaired.
//
//   vector_delete_bench [ROWS [DIMENSIONS [CACHE_FOLDER]]]     default 200000 96, none
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "index/vector_index.h"
#include "vector_data.h"

namespace moat::bench {
namespace {

constexpr std::size_t kQueries = 1000;
constexpr std::size_t kEffort = 64;
constexpr std::size_t kRounds = 5;

struct Measured {
    double recall = 0;
    double per_second = 0;  // of processor time, the median of the rounds
};

std::vector<index::ScoredRow> answer(
    const VectorData& data, const index::VectorIndex& vectors, const RowSet& live, std::size_t q
) {
    return vectors.search(
        {.query = data.query(q), .limit = kNearest, .allowed = &live, .effort = kEffort}
    );
}

Measured measure(
    const VectorData& data,
    const index::VectorIndex& vectors,
    const RowSet& live,
    const Nearest& truth
) {
    std::vector<double> rates;
    std::size_t found = 0;
    for (std::size_t round = 0; round < kRounds; ++round) {
        found = 0;
        const double start = thread_cpu_seconds();
        for (std::size_t q = 0; q < kQueries; ++q) {
            for (const auto& hit : answer(data, vectors, live, q))
                found += static_cast<std::size_t>(std::ranges::count(truth[q], hit.row));
        }
        rates.push_back(kQueries / (thread_cpu_seconds() - start));
    }
    return {static_cast<double>(found) / (kQueries * kNearest), median(rates)};
}

void build_all(index::VectorIndex& vectors, const RowSet& rows) {
    while (!vectors.build(rows, kThreads).value()) {
    }
}

// The longest of the searches that are made until `done`, and the longest in processor time, which
// waiting for a processor that others use does not count in.
struct Longest {
    double wall = 0;
    double cpu = 0;
    std::size_t searches = 0;
};

Longest search_until(
    const VectorData& data,
    const index::VectorIndex& vectors,
    const RowSet& live,
    const std::atomic<bool>& done
) {
    Longest longest;
    while (!done) {
        const double wall = wall_seconds();
        const double cpu = thread_cpu_seconds();
        (void)answer(data, vectors, live, longest.searches++ % kQueries);
        longest.wall = std::max(longest.wall, wall_seconds() - wall);
        longest.cpu = std::max(longest.cpu, thread_cpu_seconds() - cpu);
    }
    return longest;
}

int run(std::size_t rows, std::size_t dimensions, const char* folder) {
    const Cache cache(folder, rows, dimensions);
    const VectorData data = make_vector_data(cache, rows, dimensions, kQueries);
    RowSet live = RowSet::range(0, static_cast<Row>(rows));
    index::VectorIndex vectors(
        dimensions, index::Distance::cosine, std::make_unique<index::MemoryChunks>()
    );
    CHECK(vectors.reserve(static_cast<Row>(rows)).has_value());
    for (Row row = 0; row < rows; ++row)
        vectors.put(row, data.vector(row));
    double cpu = process_cpu_seconds();
    build_all(vectors, live);
    const double built = process_cpu_seconds() - cpu;
    const Measured before =
        measure(data, vectors, live, exact_neighbours(cache, "truth-delete-before", data, live));

    std::mt19937 random(5);
    for (std::size_t removed = 0; removed < rows / 10;) {
        const auto row = static_cast<Row>(random() % rows);
        if (!live.contains(row)) continue;
        live.remove(row);
        ++removed;
    }
    const Nearest truth = exact_neighbours(cache, "truth-delete-after", data, live);
    const Measured at_once = measure(data, vectors, live, truth);
    std::atomic<bool> done = false;
    Longest longest;
    cpu = process_cpu_seconds();
    double repaired = 0;
    {
        std::jthread searcher([&] { longest = search_until(data, vectors, live, done); });
        build_all(vectors, live);
        repaired = process_cpu_seconds() - cpu;
        done = true;
    }
    const Measured after = measure(data, vectors, live, truth);
    fmt::print("{} x {}, {} removed, effort {}\n\n", rows, dimensions, rows / 10, kEffort);
    fmt::print("| | recall@10 | queries/s | of before |\n|---|---|---|---|\n");
    const auto print = [&](const char* when, const Measured& at) {
        fmt::print(
            "| {} | {:.4f} | {:.0f} | {:.3f}, {:.2f} |\n",
            when,
            at.recall,
            at.per_second,
            at.recall / before.recall,
            at.per_second / before.per_second
        );
    };
    print("before", before);
    print("at once", at_once);
    print("repaired", after);
    fmt::print(
        "\nlongest of {} searches meanwhile: {:.1f} ms, of processor time {:.1f} ms; repairing and "
        "those searches {:.1f} s of processor time, building had taken {:.1f} s\n",
        longest.searches,
        1000 * longest.wall,
        1000 * longest.cpu,
        repaired,
        built
    );
    return 0;
}

}  // namespace
}  // namespace moat::bench

int main(int argc, char** argv) {
    const auto number = [&](int at, std::size_t otherwise) {
        return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
    };
    return moat::bench::run(number(1, 200'000), number(2, 96), argc > 3 ? argv[3] : "");
}
