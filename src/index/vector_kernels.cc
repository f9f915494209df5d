#include "index/vector_kernels.h"

#include <array>

#include "index/vector_kernel_loops.h"
#include "index/vector_kernel_sets.h"

namespace moat::index {
namespace {

namespace portable {

MOAT_KERNEL_LOOPS()

}  // namespace portable

struct Sets {
    std::array<const VectorKernels*, 4> sets{&portable::kLoops};
    std::size_t count = 1;

    Sets() {
        for (const VectorKernels* set :
             {avx2_vector_kernels(), avx512_vector_kernels(), arm_vector_kernels()}) {
            if (set != nullptr) sets[count++] = set;
        }
    }
};

const Sets& sets() {
    static const Sets found;
    return found;
}

}  // namespace

const VectorKernels& vector_kernels() {
    return *all_vector_kernels().back();
}

std::span<const VectorKernels* const> all_vector_kernels() {
    return {sets().sets.data(), sets().count};
}

}  // namespace moat::index
