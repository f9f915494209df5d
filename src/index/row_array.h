#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/result.h"
#include "index/row_set.h"

namespace moat::index {

// Where the chunks of a RowArray come from: plain memory, or a mapped file.
class ChunkSource {
  public:
    virtual ~ChunkSource() = default;

    // `bytes` bytes for chunk `number`, asked for once each and in order, at least 64-byte aligned,
    // valid and in place while the source lives; zeros where nothing was stored.
    // Errors: io (no space left).
    virtual Result<std::byte*> chunk(std::size_t number, std::size_t bytes) = 0;
};

// Zeroed pages from the system; huge ones after the first chunk, so that small sets stay small.
class MemoryChunks final : public ChunkSource {
  public:
    MemoryChunks() = default;
    ~MemoryChunks() override;
    MemoryChunks(const MemoryChunks&) = delete;
    MemoryChunks& operator=(const MemoryChunks&) = delete;

    Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override;

  private:
    struct Mapping {
        void* address;
        std::size_t bytes;
    };
    std::vector<Mapping> mappings_;
};

// Rows of equal size which never move, so that readers need no lock while it grows.
//
// Threads: one grows; any number read rows below what was grown before they learnt of them.
class RowArray {
  public:
    RowArray(std::size_t row_bytes, std::unique_ptr<ChunkSource> source);

    // Makes rows [0, end) addressable. Errors: io, too_large (over 2^16 chunks or 2^31 rows).
    Status grow_to(Row end);

    std::byte* at(Row row) const {
        std::byte* chunk = chunks_[row >> shift_].load(std::memory_order_acquire);
        return chunk + (row & mask_) * row_bytes_;
    }
    template <class T>
    T* at(Row row) const {
        return reinterpret_cast<T*>(at(row));
    }

    std::size_t row_bytes() const { return row_bytes_; }
    std::size_t rows_per_chunk() const { return std::size_t{mask_} + 1; }
    std::size_t chunk_bytes() const { return rows_per_chunk() * row_bytes_; }
    Row capacity() const {
        return static_cast<Row>(chunk_count_.load(std::memory_order_acquire) << shift_);
    }

  private:
    static constexpr std::size_t kMaxChunks = std::size_t{1} << 16;
    static constexpr std::size_t kChunkBytes = std::size_t{4} << 20;

    const std::size_t row_bytes_;
    unsigned shift_ = 0;
    Row mask_ = 0;
    const std::unique_ptr<ChunkSource> source_;
    const std::unique_ptr<std::atomic<std::byte*>[]> chunks_;
    std::atomic<std::size_t> chunk_count_ = 0;  // changed by the growing thread
};

}  // namespace moat::index
