// Deleting a tenth of the vectors of an index: recall and queries a second against an index of the
// same vectors that none was deleted from, and what searches wait for while the graph is repaired.
//
//   vector_delete_bench [ROWS [DIMENSIONS [CACHE_FOLDER]]]     default 200000 96, none
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
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

// An index, the rows that are allowed in it, and their true neighbours.
struct Side {
    const index::VectorIndex& vectors;
    const RowSet& live;
    const Nearest& truth;
};

// All of them in turn, round by round: what else the machine does slows each alike.
std::vector<Measured> measure(const VectorData& data, const std::vector<Side>& sides) {
    std::vector<std::vector<double>> rates(sides.size());
    std::vector<Measured> measured(sides.size());
    for (std::size_t round = 0; round < kRounds; ++round) {
        for (std::size_t i = 0; i < sides.size(); ++i) {
            const Side& side = sides[i];
            std::size_t found = 0;
            const double start = thread_cpu_seconds();
            for (std::size_t q = 0; q < kQueries; ++q) {
                for (const auto& hit : answer(data, side.vectors, side.live, q)) {
                    found += static_cast<std::size_t>(std::ranges::count(side.truth[q], hit.row));
                }
            }
            rates[i].push_back(kQueries / (thread_cpu_seconds() - start));
            measured[i].recall = static_cast<double>(found) / (kQueries * kNearest);
        }
    }
    for (std::size_t i = 0; i < sides.size(); ++i)
        measured[i].per_second = median(rates[i]);
    return measured;
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

std::unique_ptr<index::VectorIndex> build(const VectorData& data, const RowSet& rows) {
    auto vectors = std::make_unique<index::VectorIndex>(
        data.dimensions, index::Distance::cosine, std::make_unique<index::MemoryChunks>()
    );
    CHECK(vectors->reserve(static_cast<Row>(data.rows)).has_value());
    for (Row row = 0; row < data.rows; ++row)
        vectors->put(row, data.vector(row));
    build_all(*vectors, rows);
    return vectors;
}

RowSet without_a_tenth(RowSet live, std::size_t rows) {
    std::mt19937 random(5);
    for (std::size_t removed = 0; removed < rows / 10;) {
        const auto row = static_cast<Row>(random() % rows);
        if (!live.contains(row)) continue;
        live.remove(row);
        ++removed;
    }
    return live;
}

void print(const char* when, const std::vector<Measured>& pair) {
    fmt::print(
        "| {} | {:.4f} | {:.0f} | {:.4f} | {:.0f} | {:.3f}, {:.2f} |\n",
        when,
        pair[0].recall,
        pair[0].per_second,
        pair[1].recall,
        pair[1].per_second,
        pair[1].recall / pair[0].recall,
        pair[1].per_second / pair[0].per_second
    );
}

int run(std::size_t rows, std::size_t dimensions, const char* folder) {
    const Cache cache(folder, rows, dimensions);
    const VectorData data = make_vector_data(cache, rows, dimensions, kQueries);
    const RowSet all = RowSet::range(0, static_cast<Row>(rows));
    const RowSet live = without_a_tenth(all, rows);
    const Nearest truth = exact_neighbours(cache, "truth-delete-before", data, all);
    const Nearest truth_after = exact_neighbours(cache, "truth-delete-after", data, live);
    const auto untouched = build(data, all);
    const auto changed = build(data, all);
    const std::vector<Side> sides{{*untouched, all, truth}, {*changed, live, truth_after}};

    fmt::print("{} x {}, {} removed, effort {}\n\n", rows, dimensions, rows / 10, kEffort);
    fmt::print(
        "| removed rows | recall@10 untouched | queries/s | removed from | queries/s | ratios |\n"
    );
    fmt::print("|---|---|---|---|---|---|\n");
    print("are in the graph", measure(data, sides));
    std::atomic<bool> done = false;
    Longest longest;
    const double cpu = process_cpu_seconds();
    double repaired = 0;
    {
        std::jthread searcher([&] { longest = search_until(data, *changed, live, done); });
        build_all(*changed, live);
        repaired = process_cpu_seconds() - cpu;
        done = true;
    }
    print("are repaired around", measure(data, sides));
    fmt::print(
        "\nlongest of {} searches meanwhile: {:.1f} ms, of processor time {:.1f} ms; repairing and "
        "those searches: {:.1f} s of processor time\n",
        longest.searches,
        1000 * longest.wall,
        1000 * longest.cpu,
        repaired
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
