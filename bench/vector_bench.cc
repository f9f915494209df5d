// The vector index against hnswlib (float32) on the same clustered data in the same run: queries a
// second of one thread at recall@10 of 0.95 and 0.99, building on two threads, memory; and our own
// filtered search against unfiltered.
//
//   vector_bench [ROWS [DIMENSIONS]]     default 100000 768
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <hnswlib/hnswlib.h>
#include <malloc.h>

#include "index/vector_index.h"
#include "index/vector_kernels.h"

namespace moat {
namespace {

using index::Row;
using index::RowSet;

constexpr std::size_t kQueries = 1000;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kThreads = 2;

using Matrix = std::vector<float>;

// Vectors around `clusters` centres, which lie around 50 others: 64 directions of spread shared by
// all, and noise; normalised. Queries are noisier.
class Mixture {
  public:
    Mixture(std::size_t dimensions, std::size_t clusters) : d_(dimensions), random_(42) {
        const Matrix far = normals(50);
        centres_ = normals(clusters);
        for (std::size_t c = 0; c < clusters; ++c) {
            const std::size_t parent = random_() % 50;
            for (std::size_t i = 0; i < d_; ++i) {
                float& x = centres_[c * d_ + i];
                x = 0.8F * x + 0.6F * far[parent * d_ + i];
            }
        }
        basis_ = normals(64);
    }

    Matrix draw(std::size_t count, float noise, unsigned seed) const {
        Matrix out(count * d_);
        std::mt19937_64 random(seed);
        std::normal_distribution<float> normal;
        const float scale = 1 / std::sqrt(static_cast<float>(d_));
        for (std::size_t r = 0; r < count; ++r) {
            float* x = &out[r * d_];
            const std::size_t centre = random() % (centres_.size() / d_);
            for (std::size_t i = 0; i < d_; ++i) {
                x[i] = centres_[centre * d_ + i] + noise * normal(random) * scale;
            }
            for (std::size_t b = 0; b < 64; ++b) {
                const float z = 0.6F * normal(random) / 8;
                for (std::size_t i = 0; i < d_; ++i)
                    x[i] += z * basis_[b * d_ + i];
            }
            const float length = std::sqrt(std::inner_product(x, x + d_, x, 0.0F));
            for (std::size_t i = 0; i < d_; ++i)
                x[i] /= length;
        }
        return out;
    }

  private:
    Matrix normals(std::size_t rows) {
        Matrix out(rows * d_);
        std::normal_distribution<float> normal(0, 1 / std::sqrt(static_cast<float>(d_)));
        for (float& x : out)
            x = normal(random_);
        return out;
    }

    std::size_t d_;
    std::mt19937_64 random_;
    Matrix centres_;
    Matrix basis_;
};

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            for (std::size_t i = next++; i < count; i = next++)
                work(i);
        });
    }
}

double wall() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}
double cpu() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * 4096 / 1e6;
}

struct Data {
    std::size_t rows;
    std::size_t dimensions;
    Matrix base;
    Matrix queries;
    const float* row(std::size_t i) const { return &base[i * dimensions]; }
    std::span<const float> query(std::size_t i) const {
        return {&queries[i * dimensions], dimensions};
    }
};

using Nearest = std::vector<std::vector<Row>>;

Nearest exact(const Data& data, const RowSet& allowed) {
    const auto dot = index::vector_kernels().dot;
    Nearest nearest(kQueries);
    in_parallel(kQueries, [&](std::size_t q) {
        index::TopRows top(kNearest);
        allowed.for_each([&](Row row) {
            top.offer(
                {row, static_cast<double>(dot(data.row(row), data.query(q).data(), data.dimensions))
                }
            );
        });
        for (const auto& hit : top.take())
            nearest[q].push_back(hit.row);
    });
    return nearest;
}

struct Point {
    std::size_t effort;
    double recall;
    double per_second;  // of processor time
};

using Answer = std::function<std::vector<Row>(std::size_t query, std::size_t effort)>;

Point measure(const Nearest& truth, std::size_t effort, const Answer& answer) {
    double best = 1e9;
    std::size_t found = 0;
    for (int round = 0; round < 3; ++round) {
        found = 0;
        const double start = cpu();
        for (std::size_t q = 0; q < kQueries; ++q) {
            for (const Row row : answer(q, effort)) {
                found += static_cast<std::size_t>(std::ranges::count(truth[q], row));
            }
        }
        best = std::min(best, cpu() - start);
    }
    return {effort, static_cast<double>(found) / (kQueries * kNearest), kQueries / best};
}

// The best rate among the points that reach the recall.
double rate_at(const std::vector<Point>& points, double recall) {
    double best = 0;
    for (const Point& point : points) {
        if (point.recall >= recall) best = std::max(best, point.per_second);
    }
    return best;
}

void print_points(const char* name, const std::vector<Point>& points) {
    for (const Point& point : points) {
        fmt::print(
            "  {:<8} effort {:>4}  recall {:.4f}  {:>8.0f} queries/s\n",
            name,
            point.effort,
            point.recall,
            point.per_second
        );
    }
    std::fflush(stdout);
}

struct Side {
    double build_wall = 0;
    double build_cpu = 0;
    double memory_mb = 0;
    std::vector<Point> points;
};

Side run_hnswlib(const Data& data, const Nearest& truth) {
    Side side;
    hnswlib::InnerProductSpace space(data.dimensions);
    const double before = resident_mb();
    double start = wall();
    double start_cpu = cpu();
    hnswlib::HierarchicalNSW<float> graph(&space, data.rows, 16, 200);
    in_parallel(data.rows, [&](std::size_t i) { graph.addPoint(data.row(i), i); });
    side.build_wall = wall() - start;
    side.build_cpu = cpu() - start_cpu;
    side.memory_mb = resident_mb() - before;
    for (const std::size_t ef :
         {10UZ, 16UZ, 24UZ, 32UZ, 48UZ, 64UZ, 96UZ, 128UZ, 192UZ, 256UZ, 400UZ}) {
        graph.setEf(ef);
        side.points.push_back(measure(truth, ef, [&](std::size_t q, std::size_t) {
            auto heap = graph.searchKnn(data.query(q).data(), kNearest);
            std::vector<Row> rows;
            for (; !heap.empty(); heap.pop())
                rows.push_back(static_cast<Row>(heap.top().second));
            return rows;
        }));
    }
    print_points("hnswlib", side.points);
    return side;
}

Answer answers_of(const Data& data, const index::VectorIndex& vectors, const RowSet& allowed) {
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

Side run_ours(const Data& data, const Nearest& truth, index::VectorIndex& vectors) {
    Side side;
    const auto rows = static_cast<Row>(data.rows);
    const RowSet all = RowSet::range(0, rows);
    const double before = resident_mb();
    double start = wall();
    double start_cpu = cpu();
    CHECK(vectors.reserve(rows).has_value());
    for (Row row = 0; row < rows; ++row)
        vectors.put(row, {data.row(row), data.dimensions});
    while (!vectors.build(all, kThreads).value()) {
    }
    side.build_wall = wall() - start;
    side.build_cpu = cpu() - start_cpu;
    // The originals are read from a mapped file in the server, and are not resident there.
    side.memory_mb = resident_mb() - before -
                     static_cast<double>(data.rows * data.dimensions * sizeof(float)) / 1e6;
    for (const std::size_t effort :
         {20UZ, 32UZ, 48UZ, 64UZ, 80UZ, 96UZ, 128UZ, 160UZ, 192UZ, 256UZ, 400UZ}) {
        side.points.push_back(measure(truth, effort, answers_of(data, vectors, all)));
    }
    print_points("moat", side.points);
    return side;
}

void run_filters(const Data& data, const index::VectorIndex& vectors, double unfiltered) {
    fmt::print("\n| allowed | recall@10 | queries/s | of unfiltered |\n|---|---|---|---|\n");
    for (const std::size_t percent : {1UZ, 10UZ, 50UZ}) {
        RowSet allowed;
        for (Row row = 0; row < data.rows; ++row) {
            if ((row * std::uint64_t{2654435761} >> 7) % 100 < percent) allowed.add(row);
        }
        const Nearest truth = exact(data, allowed);
        Point point{};
        for (const std::size_t effort : {48UZ, 64UZ, 96UZ, 128UZ, 192UZ}) {
            point = measure(truth, effort, answers_of(data, vectors, allowed));
            if (point.recall >= 0.95) break;
        }
        fmt::print(
            "| {} % | {:.4f} | {:.0f} | {:.2f} |\n",
            percent,
            point.recall,
            point.per_second,
            point.per_second / unfiltered
        );
        std::fflush(stdout);
    }
}

int run(std::size_t rows, std::size_t dimensions) {
    fmt::print("{} x {}, kernels {}\n", rows, dimensions, index::vector_kernels().name);
    const Mixture mixture(dimensions, std::max<std::size_t>(100, rows / 100));
    Data data{rows, dimensions, {}, {}};
    data.base = mixture.draw(rows, 0.3F, 1);
    data.queries = mixture.draw(kQueries, 0.4F, 777);
    const Nearest truth = exact(data, RowSet::range(0, static_cast<Row>(rows)));

    index::VectorIndex vectors(
        dimensions, index::Distance::cosine, std::make_unique<index::MemoryChunks>()
    );
    const Side ours = run_ours(data, truth, vectors);
    const Side theirs = run_hnswlib(data, truth);
    fmt::print("\n| one thread | moat | hnswlib | ratio |\n|---|---|---|---|\n");
    for (const double recall : {0.95, 0.99}) {
        const double a = rate_at(ours.points, recall);
        const double b = rate_at(theirs.points, recall);
        fmt::print("| queries/s at recall {} | {:.0f} | {:.0f} | {:.2f} |\n", recall, a, b, a / b);
    }
    fmt::print(
        "| build, 2 threads, processor s | {:.1f} | {:.1f} | {:.2f} |\n",
        ours.build_cpu,
        theirs.build_cpu,
        theirs.build_cpu / ours.build_cpu
    );
    fmt::print(
        "| build, 2 threads, wall s | {:.1f} | {:.1f} | {:.2f} |\n",
        ours.build_wall,
        theirs.build_wall,
        theirs.build_wall / ours.build_wall
    );
    fmt::print(
        "| memory MB | {:.0f} | {:.0f} | {:.2f} |\n",
        ours.memory_mb,
        theirs.memory_mb,
        ours.memory_mb / theirs.memory_mb
    );
    run_filters(data, vectors, rate_at(ours.points, 0.95));
    return rate_at(ours.points, 0.95) > 0 ? 0 : 1;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
    const std::size_t rows = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
    const std::size_t dimensions = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 768;
    return moat::run(rows, dimensions);
}
