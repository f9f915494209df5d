#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "vector_data.h"

// hnswlib as the vector benchmarks' reference, with floats as shipped and with byte codes.
namespace moat::bench {

struct BuildCost {
    double wall = 0;  // seconds on two threads
    double cpu = 0;
    double memory_mb = 0;
};

// An index of hnswlib (M 16, efConstruction 200), built or taken from the cache; the cost is that
// of the building in either case. Borrows the data.
class HnswReference {
  public:
    virtual ~HnswReference() = default;
    virtual std::vector<Row> search(std::size_t query, std::size_t effort) = 0;
    BuildCost cost;
};

// Inner products of float32.
std::unique_ptr<HnswReference> make_float_reference(const VectorData& data, const Cache& cache);
// One byte a value, a scale for all (values beyond 99.98 % are clipped), distances by VNNI where
// compiled for it; the best 20 are scored again by float32.
std::unique_ptr<HnswReference> make_byte_reference(const VectorData& data, const Cache& cache);

}  // namespace moat::bench
