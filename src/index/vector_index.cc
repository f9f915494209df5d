#include "index/vector_index.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "index/vector_kernels.h"

namespace moat::index {
namespace {

void normalise(std::span<float> vector) {
    const float squared = vector_kernels().dot(vector.data(), vector.data(), vector.size());
    if (squared <= 0) return;
    const float factor = 1 / std::sqrt(squared);
    for (float& value : vector)
        value *= factor;
}

}  // namespace

VectorIndex::VectorIndex(
    std::size_t dimensions, Distance distance, std::unique_ptr<ChunkSource> originals
)
    : dimensions_(dimensions),
      distance_(distance),
      originals_(dimensions * sizeof(float), std::move(originals)) {}

Status VectorIndex::reserve(Row end) {
    return originals_.grow_to(end);
}

void VectorIndex::put(Row row, std::span<const float> vector) {
    CHECK(vector.size() == dimensions_);
    const std::span<float> own(originals_.at<float>(row), dimensions_);
    std::copy(vector.begin(), vector.end(), own.begin());
    if (distance_ == Distance::cosine) normalise(own);
}

float VectorIndex::distance_to(const float* query, Row row) const {
    const VectorKernels& kernels = vector_kernels();
    const float* vector = originals_.at<float>(row);
    switch (distance_) {
        case Distance::cosine:
            return 1 - kernels.dot(query, vector, dimensions_);
        case Distance::dot:
            return -kernels.dot(query, vector, dimensions_);
        case Distance::l2_squared:
            return kernels.l2_squared(query, vector, dimensions_);
    }
    return 0;
}

std::vector<ScoredRow> VectorIndex::search(
    std::span<const float> query, std::size_t limit, const RowSet& allowed
) const {
    CHECK(query.size() == dimensions_);
    std::vector<float> prepared(query.begin(), query.end());
    if (distance_ == Distance::cosine) normalise(prepared);
    TopRows top(limit);
    allowed.for_each([&](Row row) {
        top.offer({row, -static_cast<double>(distance_to(prepared.data(), row))});
    });
    return top.take();
}

}  // namespace moat::index
