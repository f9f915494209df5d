#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "index/row_set.h"

// What the vector benchmarks measure on, and with: seeded data, exact neighbours, a folder that
// keeps what takes minutes to make, and clocks.
namespace moat::bench {

using index::Row;
using index::RowSet;
using Matrix = std::vector<float>;
using Nearest = std::vector<std::vector<Row>>;

constexpr std::size_t kNearest = 10;
constexpr std::size_t kThreads = 2;

// Vectors around a centre for every hundred rows; the centres lie around 50 others. 64 directions
// of spread are shared by all, and there is noise; all are normalised. Queries are noisier.
struct VectorData {
    std::size_t rows = 0;
    std::size_t dimensions = 0;
    Matrix base;
    Matrix queries;

    const float* row(std::size_t i) const { return &base[i * dimensions]; }
    std::span<const float> vector(std::size_t i) const { return {row(i), dimensions}; }
    std::span<const float> query(std::size_t i) const {
        return {&queries[i * dimensions], dimensions};
    }
    std::size_t query_count() const { return queries.size() / dimensions; }
};

// Where such vectors are drawn from. Threads: any.
class VectorMixture {
  public:
    VectorMixture(std::size_t dimensions, std::size_t clusters);

    // Fills `out` with rows from `first` on, a multiple of 1,000, of the sequence that `seed`
    // names.
    void draw(std::span<float> out, float noise, unsigned seed, std::size_t first = 0) const;

  private:
    void draw_one(float* x, float noise, std::mt19937_64& random) const;
    Matrix normals(std::size_t rows);

    std::size_t d_;
    std::mt19937_64 random_;
    Matrix centres_;
    Matrix basis_;
};
constexpr float kBaseNoise = 0.3F;
constexpr float kQueryNoise = 0.4F;
constexpr unsigned kBaseSeed = 1;
constexpr unsigned kQuerySeed = 777;

// Where slow results are kept between runs; without a folder nothing is kept.
class Cache {
  public:
    Cache(std::filesystem::path folder, std::size_t rows, std::size_t dimensions);

    // Empty when there is no folder.
    std::filesystem::path path_of(const std::string& name) const;
    // Fills `values`, whose size must be right, from the file, or by `make`, and then keeps it.
    template <class T>
    void fill(const std::string& name, std::vector<T>& values, const std::function<void()>& make)
        const {
        if (read(name, values.data(), values.size() * sizeof(T))) return;
        make();
        write(name, values.data(), values.size() * sizeof(T));
    }

  private:
    bool read(const std::string& name, void* bytes, std::size_t count) const;
    void write(const std::string& name, const void* bytes, std::size_t count) const;

    std::filesystem::path folder_;
    std::string prefix_;
};

VectorData make_vector_data(
    const Cache& cache, std::size_t rows, std::size_t dimensions, std::size_t queries
);
// By brute force, the inner product deciding.
Nearest exact_neighbours(
    const Cache& cache, const std::string& name, const VectorData& data, const RowSet& allowed
);

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

double wall_seconds();
double process_cpu_seconds();
double thread_cpu_seconds();
double resident_mb();
// Of that, what is no file.
double anonymous_mb();
double median(std::vector<double> values);

}  // namespace moat::bench
