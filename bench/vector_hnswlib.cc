#include "vector_hnswlib.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <utility>

#include <hnswlib/hnswlib.h>
#if defined(__AVX512VNNI__)
#include <immintrin.h>
#endif

#include "index/top_rows.h"
#include "index/vector_kernels.h"

namespace moat::bench {
namespace {

constexpr std::size_t kLinks = 16;
constexpr std::size_t kBuildEffort = 200;
constexpr std::size_t kRescored = 20;

template <class T>
std::unique_ptr<hnswlib::HierarchicalNSW<T>> build_or_load(
    hnswlib::SpaceInterface<T>& space,
    const VectorData& data,
    const Cache& cache,
    const char* name,
    const std::function<const void*(std::size_t)>& point,
    BuildCost& cost
) {
    const auto path = cache.path_of(name);
    const auto cost_path = cache.path_of(std::string(name) + ".cost");
    const double before = resident_mb();
    std::unique_ptr<hnswlib::HierarchicalNSW<T>> graph;
    if (std::ifstream known(cost_path); known >> cost.wall >> cost.cpu) {
        graph = std::make_unique<hnswlib::HierarchicalNSW<T>>(&space, path.string());
    } else {
        graph =
            std::make_unique<hnswlib::HierarchicalNSW<T>>(&space, data.rows, kLinks, kBuildEffort);
        const double wall = wall_seconds();
        const double cpu = process_cpu_seconds();
        in_parallel(data.rows, [&](std::size_t i) { graph->addPoint(point(i), i); });
        cost.wall = wall_seconds() - wall;
        cost.cpu = process_cpu_seconds() - cpu;
        if (!path.empty()) {
            graph->saveIndex(path.string());
            std::ofstream(cost_path) << cost.wall << ' ' << cost.cpu << '\n';
        }
    }
    cost.memory_mb = resident_mb() - before;
    return graph;
}

template <class T>
std::vector<Row> rows_of(std::priority_queue<std::pair<T, hnswlib::labeltype>> heap) {
    std::vector<Row> rows;
    for (; !heap.empty(); heap.pop())
        rows.push_back(static_cast<Row>(heap.top().second));
    return rows;
}

class FloatReference final : public HnswReference {
  public:
    FloatReference(const VectorData& data, const Cache& cache)
        : data_(data), space_(data.dimensions) {
        graph_ = build_or_load<float>(
            space_, data, cache, "hnswlib-f32", [&](std::size_t i) { return data.row(i); }, cost
        );
    }
    std::vector<Row> search(std::size_t query, std::size_t effort) override {
        graph_->setEf(effort);
        return rows_of(graph_->searchKnn(data_.query(query).data(), kNearest));
    }

  private:
    const VectorData& data_;
    hnswlib::InnerProductSpace space_;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph_;
};

// A point: its bytes, padded to 64, and 128 times their sum.
std::int32_t byte_distance(const void* a, const void* b, const void* padded) {
    const std::size_t n = *static_cast<const std::size_t*>(padded);
    const auto* const x = static_cast<const std::int8_t*>(a);
    const auto* const y = static_cast<const std::int8_t*>(b);
#if defined(__AVX512VNNI__)
    // The instruction wants one side unsigned; what that adds is the other's stored sum.
    const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
    __m512i sums[2] = {};
    for (std::size_t i = 0, k = 0; i < n; i += 64, k ^= 1) {
        const __m512i raised = _mm512_xor_si512(_mm512_loadu_si512(x + i), flip);
        sums[k] = _mm512_dpbusd_epi32(sums[k], raised, _mm512_loadu_si512(y + i));
    }
    std::int32_t raise = 0;
    std::memcpy(&raise, y + n, sizeof raise);
    return raise - _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1]));
#else
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i)
        sum += static_cast<std::int16_t>(x[i]) * static_cast<std::int16_t>(y[i]);
    return -sum;
#endif
}

class ByteSpace final : public hnswlib::SpaceInterface<int> {
  public:
    explicit ByteSpace(std::size_t dimensions) : padded_((dimensions + 63) / 64 * 64) {}
    std::size_t get_data_size() override { return padded_ + sizeof(std::int32_t); }
    hnswlib::DISTFUNC<int> get_dist_func() override { return byte_distance; }
    void* get_dist_func_param() override { return &padded_; }

  private:
    std::size_t padded_;
};

class ByteReference final : public HnswReference {
  public:
    ByteReference(const VectorData& data, const Cache& cache)
        : data_(data), space_(data.dimensions), code_bytes_(space_.get_data_size()) {
        Matrix sample;
        for (std::size_t i = 0; i < data.base.size(); i += 37)
            sample.push_back(std::fabs(data.base[i]));
        const auto at = sample.begin() +
                        static_cast<std::ptrdiff_t>(static_cast<double>(sample.size()) * 0.9998);
        std::ranges::nth_element(sample, at);
        scale_ = 127 / *at;
        const auto point = [&](std::size_t i) {
            thread_local std::vector<std::int8_t> code;
            encode(data.row(i), code);
            return static_cast<const void*>(code.data());
        };
        graph_ = build_or_load<int>(space_, data, cache, "hnswlib-i8", point, cost);
    }

    std::vector<Row> search(std::size_t query, std::size_t effort) override {
        const float* const vector = data_.query(query).data();
        encode(vector, query_code_);
        graph_->setEf(effort);
        const std::vector<Row> rows = rows_of(graph_->searchKnn(query_code_.data(), kRescored));
        for (const Row row : rows) {
            for (std::size_t i = 0; i < data_.dimensions; i += 16)
                __builtin_prefetch(data_.row(row) + i);
        }
        index::TopRows top(kNearest);
        const auto dot = index::vector_kernels().dot;
        for (const Row row : rows) {
            top.offer({row, static_cast<double>(dot(data_.row(row), vector, data_.dimensions))});
        }
        std::vector<Row> best;
        for (const auto& hit : top.take())
            best.push_back(hit.row);
        return best;
    }

  private:
    void encode(const float* vector, std::vector<std::int8_t>& code) const {
        code.assign(code_bytes_, 0);
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < data_.dimensions; ++i) {
            const float level = std::clamp(vector[i] * scale_, -127.0F, 127.0F);
            const auto rounded = static_cast<std::int32_t>(level + 128.5F) - 128;
            code[i] = static_cast<std::int8_t>(rounded);
            sum += rounded;
        }
        sum *= 128;
        std::memcpy(code.data() + code_bytes_ - sizeof sum, &sum, sizeof sum);
    }

    const VectorData& data_;
    ByteSpace space_;
    const std::size_t code_bytes_;
    float scale_ = 0;
    std::vector<std::int8_t> query_code_;
    std::unique_ptr<hnswlib::HierarchicalNSW<int>> graph_;
};

}  // namespace

std::unique_ptr<HnswReference> make_float_reference(const VectorData& data, const Cache& cache) {
    return std::make_unique<FloatReference>(data, cache);
}
std::unique_ptr<HnswReference> make_byte_reference(const VectorData& data, const Cache& cache) {
    return std::make_unique<ByteReference>(data, cache);
}

}  // namespace moat::bench
