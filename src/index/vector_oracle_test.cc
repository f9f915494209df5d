#include <random>

#include <gtest/gtest.h>

#include "index/test_vectors.h"

// Random sequences of operations, each answer compared with a brute-force scan.
namespace moat::index {
namespace {

struct OracleRun {
    OracleRun(Distance of, std::size_t dimensions, unsigned seed)
        : distance(of),
          random(seed),
          supply(clustered(4000, dimensions, seed)),
          vectors(dimensions, of, std::make_unique<MemoryChunks>(), {400, 50}) {
        if (of != Distance::hamming) return;
        // Floats that nothing made equal all differ: few values, as such vectors have.
        for (auto& vector : supply) {
            for (float& x : vector)
                x = std::round(x);
        }
    }

    void put(std::size_t count) {
        ASSERT_TRUE(vectors.reserve(static_cast<Row>(base.size() + count)));
        for (std::size_t i = 0; i < count; ++i) {
            const auto row = static_cast<Row>(base.size());
            base.push_back(supply[random() % supply.size()]);
            vectors.put(row, base.back());
            live.add(row);
        }
    }
    void remove(std::size_t count) {
        for (std::size_t i = 0; i < count && !base.empty(); ++i)
            live.remove(static_cast<Row>(random() % base.size()));
    }
    // Rows next to each other, as those of one document are.
    void remove_run() {
        const auto from = static_cast<Row>(random() % base.size());
        for (Row row = from; row < std::min<std::size_t>(base.size(), from + 200); ++row)
            live.remove(row);
    }
    // A new version of an object: its vector is close to the former one's.
    void update(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto old = static_cast<Row>(random() % base.size());
            if (!live.contains(old)) continue;
            live.remove(old);
            put(1);
        }
    }
    void check() {
        RowSet allowed = live;
        const Row share = 1U << (random() % 4);
        for (Row row = 0; row < base.size(); ++row) {
            if (random() % share != 0) allowed.remove(row);
        }
        if (allowed.empty()) return;
        Matrix queries;
        for (int i = 0; i < 4; ++i)
            queries.push_back(supply[random() % supply.size()]);
        const auto measured = measure(vectors, base, queries, allowed, 5);
        EXPECT_LT(measured.worst_error, 1e-4);
        recall_sum += measured.recall;
        ++checks;
    }

    const Distance distance;
    std::mt19937 random;
    Matrix supply;
    VectorIndex vectors;
    Matrix base;
    RowSet live;
    double recall_sum = 0;
    std::size_t checks = 0;
};

TEST(VectorOracle, RandomOperationsKeepAnswersAndRecall) {
    for (const Distance distance : kAllDistances) {
        SCOPED_TRACE(static_cast<int>(distance));
        OracleRun run(distance, 24, 30 + static_cast<unsigned>(distance));
        run.put(300);
        for (int step = 0; step < 120; ++step) {
            switch (run.random() % 6) {
                case 0:
                    run.put(run.random() % 120);
                    break;
                case 1:
                    run.remove(run.random() % 60);
                    break;
                case 2:
                    run.update(run.random() % 60);
                    break;
                case 3:
                    if (step % 4 == 0) run.remove_run();
                    break;
                default:
                    ASSERT_TRUE(run.vectors.build(run.live, 2));
            }
            run.check();
        }
        build_all(run.vectors, run.live);
        run.check();
        EXPECT_GE(run.recall_sum / static_cast<double>(run.checks), 0.97);
        EXPECT_GT(run.vectors.graph_end(), 0U);
    }
}

TEST(VectorOracle, DeletingHalfOfTheRowsKeepsRecall) {
    Filled filled(6'000, 64, Distance::cosine, 1'000);
    const Matrix queries = clustered(100, 64, 40);
    RowSet live = RowSet::range(0, 6'000);
    build_all(filled.vectors, live);
    const double before = measure(filled.vectors, filled.base, queries, live).recall;
    std::mt19937 random(41);
    for (Row row = 0; row < 6'000; ++row) {
        if (random() % 2 == 0) live.remove(row);
    }
    // At once, when nothing was repaired, and then.
    EXPECT_GE(measure(filled.vectors, filled.base, queries, live).recall, 0.98 * before);
    build_all(filled.vectors, live);
    EXPECT_GE(measure(filled.vectors, filled.base, queries, live).recall, 0.98 * before);
}

}  // namespace
}  // namespace moat::index
