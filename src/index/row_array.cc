#include "index/row_array.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#include <fmt/format.h>

#include "base/check.h"

namespace moat::index {
namespace {

constexpr std::size_t kPage = 4096;

}  // namespace

MemoryChunks::~MemoryChunks() {
    for (const Mapping& mapping : mappings_)
        ::munmap(mapping.address, mapping.bytes);
}

Result<std::byte*> MemoryChunks::chunk(std::size_t number, std::size_t bytes) {
    void* address =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) {
        return Error{ErrorCode::too_large, fmt::format("no memory for {} bytes of vectors", bytes)};
    }
    // Only advice: without huge pages a search is slower and still right.
    if (number > 0) (void)::madvise(address, bytes, MADV_HUGEPAGE);
    mappings_.push_back({address, bytes});
    return static_cast<std::byte*>(address);
}

void MemoryChunks::release(std::byte* from, std::size_t bytes) {
    (void)::madvise(from, bytes, MADV_DONTNEED);  // if it is not taken, nothing is lost
}

RowArray::RowArray(std::size_t row_bytes, std::unique_ptr<ChunkSource> source)
    : row_bytes_(row_bytes), chunks_(std::make_unique<std::atomic<std::byte*>[]>(kMaxChunks)) {
    CHECK(row_bytes_ > 0);
    sources_.push_back(std::move(source));
    const std::size_t rows = std::bit_floor(std::max<std::size_t>(kChunkBytes / row_bytes_, 64));
    shift_ = static_cast<unsigned>(std::countr_zero(rows));
    mask_ = static_cast<Row>(rows - 1);
}

Status RowArray::grow_to(Row end) {
    constexpr Row kMaxRows = Row{1} << 31;
    while (capacity() < end) {
        if (chunk_count_ == kMaxChunks || end > kMaxRows) {
            return Error{ErrorCode::too_large, "too many vectors for one collection"};
        }
        TRY_ASSIGN(std::byte* const chunk, sources_.back()->chunk(chunk_count_, chunk_bytes()));
        chunks_[chunk_count_].store(chunk, std::memory_order_release);
        ++chunk_count_;
    }
    if (end > 0) sources_.back()->in_use(std::min(end * row_bytes_, chunk_bytes()));
    return Ok{};
}

bool RowArray::is_dead(const RowSet& dead, std::size_t chunk, std::size_t page) const {
    const std::size_t first = page * kPage / row_bytes_;
    const std::size_t last = ((page + 1) * kPage - 1) / row_bytes_;
    const auto begin = static_cast<Row>(chunk * rows_per_chunk() + first);
    const auto end = static_cast<Row>(chunk * rows_per_chunk() + last + 1);
    return dead.count(begin, end) == end - begin;
}

void RowArray::release(const RowSet& dead) {
    const std::size_t pages = chunk_bytes() / kPage;
    for (std::size_t chunk = 0; chunk < chunk_count_; ++chunk) {
        std::byte* const at = chunks_[chunk].load(std::memory_order_relaxed);
        std::size_t run = 0;  // pages before this one that go with it
        for (std::size_t page = 0; page <= pages; ++page) {
            const auto number = static_cast<Row>(chunk * pages + page);
            if (page < pages && !released_.contains(number) && is_dead(dead, chunk, page)) {
                released_.add(number);
                ++run;
            } else if (run > 0) {
                sources_.back()->release(at + (page - run) * kPage, run * kPage);
                run = 0;
            }
        }
    }
}

Status RowArray::move_to(std::unique_ptr<ChunkSource> to) {
    sources_.push_back(std::move(to));
    released_ = {};
    for (std::size_t i = 0; i < chunk_count_; ++i) {
        TRY_ASSIGN(std::byte* const chunk, sources_.back()->chunk(i, chunk_bytes()));
        std::memcpy(chunk, chunks_[i].load(std::memory_order_relaxed), chunk_bytes());
        chunks_[i].store(chunk, std::memory_order_release);
    }
    if (chunk_count_ > 0) sources_.back()->in_use(chunk_bytes());
    return Ok{};
}

}  // namespace moat::index
