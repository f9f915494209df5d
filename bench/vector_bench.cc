// The vector index against hnswlib, with float32 and with byte codes, on the same clustered data in
// the same run: queries a second of one thread at recall@10 of 0.95 and 0.99, building on two
// threads, memory; and our own filtered search against unfiltered.
//
// Each side's least effort that reaches the recall is looked for first. Then all sides answer all
// queries in turn, some rounds, so that what else the machine does hits them alike; a ratio is the
// median of those of the rounds.
//
//   vector_bench [ROWS [DIMENSIONS [CACHE_FOLDER [ROUNDS]]]]     default 100000 768, none, 7
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "index/vector_index.h"
#include "index/vector_kernels.h"
#include "vector_data.h"
#include "vector_hnswlib.h"

namespace moat::bench {
namespace {

constexpr std::size_t kQueries = 2000;
constexpr std::size_t kMaxEffort = 1024;

using Answer = std::function<std::vector<Row>(std::size_t query, std::size_t effort)>;

struct Point {
    double recall = 0;
    double per_second = 0;  // of processor time
};

Point measure(const Nearest& truth, std::size_t effort, const Answer& answer) {
    std::size_t found = 0;
    const double start = thread_cpu_seconds();
    for (std::size_t q = 0; q < kQueries; ++q) {
        for (const Row row : answer(q, effort))
            found += static_cast<std::size_t>(std::ranges::count(truth[q], row));
    }
    const double seconds = thread_cpu_seconds() - start;
    return {static_cast<double>(found) / (kQueries * kNearest), kQueries / seconds};
}

// The least effort that reaches the recall; 0 when none does.
std::size_t effort_for(const Nearest& truth, double recall, const Answer& answer) {
    std::size_t low = kNearest;
    std::size_t high = low;
    while (measure(truth, high, answer).recall < recall) {
        if (high == kMaxEffort) return 0;
        low = high + 1;
        high = std::min(kMaxEffort, high * 2);
    }
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (measure(truth, middle, answer).recall >= recall) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return high;
}

struct Runner {
    std::string name;
    const Nearest* truth = nullptr;
    Answer answer;
    std::size_t effort = 0;
    double recall = 0;
    std::vector<double> rates;
};

// Finds the efforts, then lets all answer in turn.
void compare(std::vector<Runner>& runners, double recall, std::size_t rounds) {
    for (Runner& runner : runners) {
        runner.effort = effort_for(*runner.truth, recall, runner.answer);
        runner.rates.clear();
    }
    for (std::size_t round = 0; round < rounds; ++round) {
        for (Runner& runner : runners) {
            const Point point = measure(*runner.truth, runner.effort, runner.answer);
            runner.recall = point.recall;
            runner.rates.push_back(runner.effort == 0 ? 0 : point.per_second);
        }
    }
}

// Of the first runner's rates over another's, or the other way round.
std::string ratio_of(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < a.size(); ++i)
        ratios.push_back(a[i] / b[i]);
    return fmt::format(
        "{:.2f} ({:.2f} to {:.2f})",
        median(ratios),
        std::ranges::min(ratios),
        std::ranges::max(ratios)
    );
}

BuildCost build_ours(const VectorData& data, index::VectorIndex& vectors) {
    const auto rows = static_cast<Row>(data.rows);
    const RowSet all = RowSet::range(0, rows);
    const double before = resident_mb();
    const double wall = wall_seconds();
    const double cpu = process_cpu_seconds();
    CHECK(vectors.reserve(rows).has_value());
    for (Row row = 0; row < rows; ++row)
        vectors.put(row, data.vector(row));
    while (!vectors.build(all, kThreads).value()) {
    }
    // The originals are read from a mapped file in the server, and are not resident there.
    const double originals = static_cast<double>(data.base.size() * sizeof(float)) / 1e6;
    return {wall_seconds() - wall, process_cpu_seconds() - cpu, resident_mb() - before - originals};
}

Answer answers_of(
    const VectorData& data, const index::VectorIndex& vectors, const RowSet& allowed
) {
    return [&](std::size_t q, std::size_t effort) {
        std::vector<Row> rows;
        for (const auto& hit : vectors.search(
                 {.query = data.query(q), .limit = kNearest, .allowed = &allowed, .effort = effort}
             )) {
            rows.push_back(hit.row);
        }
        return rows;
    };
}

void compare_unfiltered(
    const VectorData& data,
    const Cache& cache,
    const index::VectorIndex& vectors,
    const BuildCost& cost,
    std::size_t rounds
) {
    const RowSet all = RowSet::range(0, static_cast<Row>(data.rows));
    const Nearest truth = exact_neighbours(cache, "truth-all", data, all);
    const auto floats = make_float_reference(data, cache);
    const auto bytes = make_byte_reference(data, cache);
    const auto answers = [](HnswReference& reference) {
        return
            [&reference](std::size_t q, std::size_t effort) { return reference.search(q, effort); };
    };
    std::vector<Runner> runners;
    runners.push_back({"moat", &truth, answers_of(data, vectors, all), 0, 0, {}});
    runners.push_back({"hnswlib float32", &truth, answers(*floats), 0, 0, {}});
    runners.push_back({"hnswlib int8", &truth, answers(*bytes), 0, 0, {}});
    fmt::print("\n| recall | who | effort | recall | queries/s | moat against it |\n");
    fmt::print("|---|---|---|---|---|---|\n");
    for (const double recall : {0.95, 0.99}) {
        compare(runners, recall, rounds);
        for (const Runner& runner : runners) {
            fmt::print(
                "| {} | {} | {} | {:.4f} | {:.0f} | {} |\n",
                recall,
                runner.name,
                runner.effort,
                runner.recall,
                median(runner.rates),
                ratio_of(runners.front().rates, runner.rates)
            );
        }
        std::fflush(stdout);
    }
    fmt::print("\n| building, 2 threads | wall s | cpu s | memory MB |\n|---|---|---|---|\n");
    const auto print_cost = [](const char* name, const BuildCost& of) {
        fmt::print("| {} | {:.1f} | {:.1f} | {:.0f} |\n", name, of.wall, of.cpu, of.memory_mb);
    };
    print_cost("moat", cost);
    print_cost("hnswlib float32", floats->cost);
    print_cost("hnswlib int8", bytes->cost);
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): functions are moved, not leaked

void compare_filters(
    const VectorData& data,
    const Cache& cache,
    const index::VectorIndex& vectors,
    std::size_t rounds
) {
    const RowSet all = RowSet::range(0, static_cast<Row>(data.rows));
    const Nearest truth = exact_neighbours(cache, "truth-all", data, all);
    fmt::print(
        "\n| allowed | effort | recall | queries/s | of unfiltered |\n|---|---|---|---|---|\n"
    );
    for (const std::size_t percent : {1UZ, 2UZ, 5UZ, 10UZ, 20UZ, 50UZ}) {
        RowSet allowed;
        for (Row row = 0; row < data.rows; ++row) {
            if ((row * std::uint64_t{2654435761} >> 7) % 100 < percent) allowed.add(row);
        }
        const Nearest filtered =
            exact_neighbours(cache, fmt::format("truth-{}", percent), data, allowed);
        std::vector<Runner> runners;
        runners.push_back({"filtered", &filtered, answers_of(data, vectors, allowed), 0, 0, {}});
        runners.push_back({"all", &truth, answers_of(data, vectors, all), 0, 0, {}});
        compare(runners, 0.95, rounds);
        fmt::print(
            "| {} % | {} | {:.4f} | {:.0f} | {} |\n",
            percent,
            runners[0].effort,
            runners[0].recall,
            median(runners[0].rates),
            ratio_of(runners[0].rates, runners[1].rates)
        );
        std::fflush(stdout);
    }
}

int run(std::size_t rows, std::size_t dimensions, const char* folder, std::size_t rounds) {
    fmt::print("{} x {}, kernels {}\n", rows, dimensions, index::vector_kernels().name);
    const Cache cache(folder, rows, dimensions);
    const VectorData data = make_vector_data(cache, rows, dimensions, kQueries);
    index::VectorIndex vectors(
        dimensions, index::Distance::cosine, std::make_unique<index::MemoryChunks>()
    );
    const BuildCost cost = build_ours(data, vectors);
    compare_unfiltered(data, cache, vectors, cost, rounds);
    compare_filters(data, cache, vectors, rounds);
    return 0;
}

}  // namespace
}  // namespace moat::bench

int main(int argc, char** argv) {
    const auto number = [&](int at, std::size_t otherwise) {
        return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
    };
    return moat::bench::run(
        number(1, 100'000), number(2, 768), argc > 3 ? argv[3] : "", number(4, 7)
    );
}
