#include "index/row_array.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#include <fmt/format.h>

#include "base/check.h"

namespace moat::index {

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

RowArray::RowArray(std::size_t row_bytes, std::unique_ptr<ChunkSource> source)
    : row_bytes_(row_bytes),
      source_(std::move(source)),
      chunks_(std::make_unique<std::atomic<std::byte*>[]>(kMaxChunks)) {
    CHECK(row_bytes_ > 0);
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
        TRY_ASSIGN(std::byte* const chunk, source_->chunk(chunk_count_, chunk_bytes()));
        chunks_[chunk_count_].store(chunk, std::memory_order_release);
        ++chunk_count_;
    }
    return Ok{};
}

}  // namespace moat::index
