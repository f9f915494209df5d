#include "vector_data.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <numeric>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "index/top_rows.h"
#include "index/vector_kernels.h"

namespace moat::bench {
namespace {

constexpr std::size_t kBlock = 1000;  // rows drawn from one seed, so that threads agree

double seconds_of(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

VectorMixture::VectorMixture(std::size_t dimensions, std::size_t clusters)
    : d_(dimensions), random_(42) {
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

void VectorMixture::draw(std::span<float> out, float noise, unsigned seed, std::size_t first)
    const {
    const std::size_t count = out.size() / d_;
    in_parallel((count + kBlock - 1) / kBlock, [&](std::size_t block) {
        std::mt19937_64 random(seed * 1'000'003ULL + first / kBlock + block);
        const std::size_t end = std::min(count, (block + 1) * kBlock);
        for (std::size_t r = block * kBlock; r < end; ++r)
            draw_one(&out[r * d_], noise, random);
    });
}

void VectorMixture::draw_one(float* x, float noise, std::mt19937_64& random) const {
    std::normal_distribution<float> normal;
    const float scale = 1 / std::sqrt(static_cast<float>(d_));
    const std::size_t centre = random() % (centres_.size() / d_);
    for (std::size_t i = 0; i < d_; ++i)
        x[i] = centres_[centre * d_ + i] + noise * normal(random) * scale;
    for (std::size_t b = 0; b < 64; ++b) {
        const float z = 0.6F * normal(random) / 8;
        for (std::size_t i = 0; i < d_; ++i)
            x[i] += z * basis_[b * d_ + i];
    }
    const float length = std::sqrt(std::inner_product(x, x + d_, x, 0.0F));
    for (std::size_t i = 0; i < d_; ++i)
        x[i] /= length;
}

Matrix VectorMixture::normals(std::size_t rows) {
    Matrix out(rows * d_);
    std::normal_distribution<float> normal(0, 1 / std::sqrt(static_cast<float>(d_)));
    for (float& x : out)
        x = normal(random_);
    return out;
}

Cache::Cache(std::filesystem::path folder, std::size_t rows, std::size_t dimensions)
    : folder_(std::move(folder)), prefix_(fmt::format("{}x{}-", rows, dimensions)) {
    if (!folder_.empty()) std::filesystem::create_directories(folder_);
}

std::filesystem::path Cache::path_of(const std::string& name) const {
    return folder_.empty() ? folder_ : folder_ / (prefix_ + name);
}

bool Cache::read(const std::string& name, void* bytes, std::size_t count) const {
    if (folder_.empty()) return false;
    std::ifstream file(path_of(name), std::ios::binary);
    return static_cast<bool>(
        file.read(static_cast<char*>(bytes), static_cast<std::streamsize>(count))
    );
}

void Cache::write(const std::string& name, const void* bytes, std::size_t count) const {
    if (folder_.empty()) return;
    std::ofstream file(path_of(name), std::ios::binary);
    file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
}

VectorData make_vector_data(
    const Cache& cache, std::size_t rows, std::size_t dimensions, std::size_t queries
) {
    const VectorMixture mixture(dimensions, std::max<std::size_t>(100, rows / 100));
    VectorData data{rows, dimensions, Matrix(rows * dimensions), Matrix(queries * dimensions)};
    cache.fill("base.f32", data.base, [&] { mixture.draw(data.base, kBaseNoise, kBaseSeed); });
    mixture.draw(data.queries, kQueryNoise, kQuerySeed);
    return data;
}

Nearest exact_neighbours(
    const Cache& cache, const std::string& name, const VectorData& data, const RowSet& allowed
) {
    const auto dot = index::vector_kernels().dot;
    std::vector<Row> flat(data.query_count() * kNearest);
    cache.fill(name, flat, [&] {
        in_parallel(data.query_count(), [&](std::size_t q) {
            index::TopRows top(kNearest);
            const float* const query = data.query(q).data();
            allowed.for_each([&](Row row) {
                const float score = dot(data.row(row), query, data.dimensions);
                top.offer({row, static_cast<double>(score)});
            });
            std::size_t at = q * kNearest;
            for (const auto& hit : top.take())
                flat[at++] = hit.row;
        });
    });
    Nearest nearest(data.query_count());
    for (std::size_t q = 0; q < nearest.size(); ++q) {
        const auto begin = flat.begin() + static_cast<std::ptrdiff_t>(q * kNearest);
        nearest[q].assign(begin, begin + kNearest);
    }
    return nearest;
}

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

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}
double process_cpu_seconds() {
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}
double thread_cpu_seconds() {
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * 4096 / 1e6;
}

double anonymous_mb() {
    std::ifstream status("/proc/self/status");
    for (std::string name; status >> name;) {
        double kilobytes = 0;
        if (name == "RssAnon:" && status >> kilobytes) return kilobytes * 1024 / 1e6;
    }
    return 0;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace moat::bench
