// An index of more vectors than one would keep in memory: they are drawn, put and built in pieces,
// and lie in a mapped file. Prints time, memory for each vector, and recall by brute force, at
// every million of them.
//
//   vector_scale_bench FOLDER [ROWS [DIMENSIONS [BITS]]]     default 1000000 384 4
//
// The folder needs 4 * ROWS * DIMENSIONS bytes; the file has no name, and goes with the process.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/fd.h"
#include "index/top_rows.h"
#include "index/vector_index.h"
#include "index/vector_kernels.h"
#include "vector_data.h"

namespace moat::bench {
namespace {

constexpr std::size_t kPiece = 100'000;
constexpr std::size_t kMeasureEach = 1'000'000;  // rows
constexpr std::size_t kQueries = 200;

// A file without a name as the memory of the vectors.
class MappedVectors final : public index::ChunkSource {
  public:
    explicit MappedVectors(const char* folder)
        : file_(::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
        CHECK(file_.get() >= 0, "no file could be made in the folder");
    }
    ~MappedVectors() override {
        for (const Chunk& chunk : chunks_)
            ::munmap(chunk.address, chunk.bytes);
    }
    MappedVectors(const MappedVectors&) = delete;
    MappedVectors& operator=(const MappedVectors&) = delete;

    Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override {
        const auto at = static_cast<off_t>(number * bytes);
        CHECK(::posix_fallocate(file_.get(), at, static_cast<off_t>(bytes)) == 0, "no space");
        void* const address =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), at);
        CHECK(address != MAP_FAILED);
        chunks_.push_back({address, bytes});
        return static_cast<std::byte*>(address);
    }
    // What is mapped leaves the process; the next use brings it back.
    void let_go() const {
        for (const Chunk& chunk : chunks_)
            (void)::madvise(chunk.address, chunk.bytes, MADV_DONTNEED);
    }

  private:
    struct Chunk {
        void* address;
        std::size_t bytes;
    };
    const Fd file_;
    std::vector<Chunk> chunks_;
};

// The nearest of the queries so far, by brute force over each piece as it is drawn.
struct Truth {
    std::vector<index::TopRows> best;
    const Matrix& queries;
    std::size_t dimensions;

    Truth(const Matrix& of, std::size_t d)
        : best(kQueries, index::TopRows(kNearest)), queries(of), dimensions(d) {}

    void offer(const Matrix& piece, Row first) {
        const auto dot = index::vector_kernels().dot;
        in_parallel(kQueries, [&](std::size_t q) {
            const float* const query = &queries[q * dimensions];
            for (std::size_t r = 0; r < piece.size() / dimensions; ++r) {
                const float score = dot(&piece[r * dimensions], query, dimensions);
                best[q].offer({first + static_cast<Row>(r), static_cast<double>(score)});
            }
        });
    }
};

class Run {
  public:
    Run(const char* folder, std::size_t rows, std::size_t dimensions, std::size_t bits)
        : rows_(rows),
          mixture_(dimensions, std::max<std::size_t>(100, rows / 100)),
          queries_(kQueries * dimensions),
          truth_(queries_, dimensions) {
        mixture_.draw(queries_, kQueryNoise, kQuerySeed);
        auto file = std::make_unique<MappedVectors>(folder);
        mapped_ = file.get();
        index::VectorIndexOptions options;
        options.code_width = bits == 8 ? index::CodeWidth::eight : index::CodeWidth::four;
        empty_mb_ = anonymous_mb();
        vectors_ = std::make_unique<index::VectorIndex>(
            dimensions, index::Distance::cosine, std::move(file), options
        );
    }

    void fill() {
        for (std::size_t first = 0; first < rows_; first += kPiece) {
            add(first, std::min(kPiece, rows_ - first));
            const std::size_t end = first + kPiece;
            if (end % kMeasureEach == 0 || end >= rows_) measure(std::min(end, rows_));
        }
    }

  private:
    void add(std::size_t first, std::size_t count);
    void measure(std::size_t rows) const;

    const std::size_t rows_;
    const VectorMixture mixture_;
    Matrix queries_;
    Truth truth_;
    const MappedVectors* mapped_ = nullptr;  // of vectors_
    double empty_mb_ = 0;
    std::unique_ptr<index::VectorIndex> vectors_;
    double wall_ = 0;
    double cpu_ = 0;
};

void Run::add(std::size_t first, std::size_t count) {
    const std::size_t dimensions = vectors_->dimensions();
    Matrix piece(count * dimensions);
    mixture_.draw(piece, kBaseNoise, kBaseSeed, first);
    truth_.offer(piece, static_cast<Row>(first));
    const double wall = wall_seconds();
    const double cpu = process_cpu_seconds();
    const auto end = static_cast<Row>(first + count);
    CHECK(vectors_->reserve(end).has_value());
    for (std::size_t i = 0; i < count; ++i) {
        vectors_->put(
            static_cast<Row>(first + i), std::span(piece).subspan(i * dimensions, dimensions)
        );
    }
    const RowSet all = RowSet::range(0, end);
    while (!vectors_->build(all, kThreads).value()) {
    }
    wall_ += wall_seconds() - wall;
    cpu_ += process_cpu_seconds() - cpu;
    fmt::print("{} rows: {:.0f} s, of processors {:.0f} s\n", end, wall_, cpu_);
    std::fflush(stdout);
}

void Run::measure(std::size_t rows) const {
    const double memory = anonymous_mb() - empty_mb_;
    const std::size_t dimensions = vectors_->dimensions();
    fmt::print(
        "\n{} x {}, {} bits, kernels {}: {:.0f} s with {} threads, {:.0f} s of processors; codes "
        "and graph {:.0f} MB, {:.0f} bytes a vector\n\n",
        rows,
        dimensions,
        static_cast<int>(vectors_->code_width()),
        index::vector_kernels().name,
        wall_,
        kThreads,
        cpu_,
        memory,
        memory * 1e6 / static_cast<double>(rows)
    );
    std::vector<index::TopRows> best = truth_.best;
    Nearest nearest(kQueries);
    for (std::size_t q = 0; q < kQueries; ++q) {
        for (const auto& hit : best[q].take())
            nearest[q].push_back(hit.row);
    }
    mapped_->let_go();
    const RowSet all = RowSet::range(0, static_cast<Row>(rows));
    fmt::print("| effort | recall@10 | queries/s | resident MB |\n|---|---|---|---|\n");
    for (const std::size_t effort : {16UZ, 32UZ, 64UZ, 128UZ, 256UZ}) {
        std::size_t found = 0;
        const double start = thread_cpu_seconds();
        for (std::size_t q = 0; q < kQueries; ++q) {
            const std::span query = std::span(queries_).subspan(q * dimensions, dimensions);
            for (const auto& hit : vectors_->search(
                     {.query = query, .limit = kNearest, .allowed = &all, .effort = effort}
                 )) {
                found += static_cast<std::size_t>(std::ranges::count(nearest[q], hit.row));
            }
        }
        const double seconds = thread_cpu_seconds() - start;
        const double recall = static_cast<double>(found) / (kQueries * kNearest);
        fmt::print(
            "| {} | {:.4f} | {:.0f} | {:.0f} |\n", effort, recall, kQueries / seconds, resident_mb()
        );
    }
    fmt::print("\n");
    std::fflush(stdout);
}

}  // namespace
}  // namespace moat::bench

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: {} FOLDER [ROWS [DIMENSIONS [BITS]]]\n", argv[0]);
        return 1;
    }
    const auto number = [&](int at, std::size_t otherwise) {
        return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
    };
    moat::bench::Run(argv[1], number(2, 1'000'000), number(3, 384), number(4, 4)).fill();
    return 0;
}
