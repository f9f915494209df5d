// The image of a vector graph, which is used before its checksum was compared: a valid one with the
// bytes changed that the input says. It must be refused, or searching, growing and shrinking it
// must do no harm.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "index/vector_index.h"

namespace {

using namespace moat;
using namespace moat::index;

constexpr Row kRows = 200;
constexpr std::size_t kDimensions = 12;
constexpr VectorIndexOptions kOptions{100, 20};
constexpr std::size_t kPage = 4096;

std::vector<float> vector_of(Row row) {
    std::vector<float> out;
    for (std::size_t i = 0; i < kDimensions; ++i)
        out.push_back(static_cast<float>((row * 31 + i * i * 7) % 101) - 50);
    return out;
}

// In a file of memory, so that each run maps its own changes.
class Stored final : public ImageSink {
  public:
    Stored() : file_(memfd_create("image", 0)) {
        VectorIndex vectors(
            kDimensions, Distance::l2_squared, std::make_unique<MemoryChunks>(), kOptions
        );
        if (!vectors.reserve(kRows)) __builtin_trap();
        for (Row row = 0; row < kRows; ++row)
            vectors.put(row, vector_of(row));
        while (!vectors.build(RowSet::range(0, kRows), 1).value()) {
        }
        if (!vectors.build(RowSet::range(10, kRows), 1) || !vectors.save(*this)) __builtin_trap();
    }
    Status write(BytesView bytes) override {
        if (::write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
            __builtin_trap();
        }
        size_ += bytes.size();
        return Ok{};
    }
    int file() const { return file_; }
    std::size_t size() const { return size_; }

  private:
    int file_;
    std::size_t size_ = 0;
};

class Mapped final : public ImageMemory {
  public:
    explicit Mapped(const Stored& stored) {
        void* const at =
            ::mmap(nullptr, stored.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, stored.file(), 0);
        if (at == MAP_FAILED) __builtin_trap();
        bytes_ = {static_cast<std::byte*>(at), stored.size()};
    }
    ~Mapped() override { ::munmap(bytes_.data(), bytes_.size()); }
    std::span<std::byte> bytes() override { return bytes_; }

  private:
    std::span<std::byte> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Stored stored;
    const auto image = std::make_shared<Mapped>(stored);
    // Four bytes a change: which part (the head, or one of the three arrays), where, what.
    const std::size_t array = (stored.size() - kPage) / 3;
    for (; size >= 4; data += 4, size -= 4) {
        const std::size_t part = data[0] % 4;
        const std::size_t start = part == 0 ? 0 : kPage + (part - 1) * array;
        const std::size_t offset = data[1] + 256U * data[2];
        image->bytes()[start + (part == 0 ? offset % kPage : offset)] =
            static_cast<std::byte>(data[3]);
    }
    VectorIndex vectors(
        kDimensions, Distance::l2_squared, std::make_unique<MemoryChunks>(), kOptions
    );
    if (!vectors.restore(image)) return 0;
    const Row end = vectors.graph_end();
    if (end > 10 * kRows) return 0;
    const auto search = [&](const RowSet& allowed) {
        const std::vector<float> query = vector_of(77);
        for (const auto& hit : vectors.search({.query = query, .limit = 5, .allowed = &allowed})) {
            if (!allowed.contains(hit.row)) __builtin_trap();
        }
    };
    search(RowSet::range(0, end));
    search(RowSet::range(0, end / 3));
    if (!vectors.reserve(end + 20)) __builtin_trap();
    for (Row row = end; row < end + 20; ++row)
        vectors.put(row, vector_of(row));
    for (int round = 0; round < 4; ++round) {
        if (!vectors.build(RowSet::range(20, end + 20), 1)) __builtin_trap();
    }
    search(RowSet::range(20, end + 20));
    return 0;
}
