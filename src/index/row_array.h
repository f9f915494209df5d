#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
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
    // How much of chunk 0 has rows by now: the others are filled soon after they were asked for.
    virtual void in_use(std::size_t /*bytes*/) {}
    // Whole pages of a chunk that nothing is stored in any longer, told once. They may be read as
    // anything from now on, and are not written again.
    virtual void release(std::byte* /*from*/, std::size_t /*bytes*/) {}
};
using MakeChunkSource = std::function<std::unique_ptr<ChunkSource>()>;

// Zeroed pages from the system; huge ones after the first chunk, so that small sets stay small.
class MemoryChunks final : public ChunkSource {
  public:
    MemoryChunks() = default;
    ~MemoryChunks() override;
    MemoryChunks(const MemoryChunks&) = delete;
    MemoryChunks& operator=(const MemoryChunks&) = delete;

    Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override;
    void release(std::byte* from, std::size_t bytes) override;

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
    // Copies all into chunks of `to`, which those that follow come from as well. Readers may go on
    // meanwhile, writers not. What there was stays where it is for readers who are at it.
    Status move_to(std::unique_ptr<ChunkSource> to);
    // Gives back the pages which have none but `dead` rows: nobody counts on these any longer.
    // Beside readers; the thread that grows, or one that knows that it does not.
    void release(const RowSet& dead);

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

    bool is_dead(const RowSet& dead, std::size_t chunk, std::size_t page) const;

    const std::size_t row_bytes_;
    unsigned shift_ = 0;
    Row mask_ = 0;
    std::vector<std::unique_ptr<ChunkSource>> sources_;  // the last one is in use
    const std::unique_ptr<std::atomic<std::byte*>[]> chunks_;
    std::atomic<std::size_t> chunk_count_ = 0;  // changed by the growing thread
    RowSet released_;                           // pages, counted from the first chunk on
};

}  // namespace moat::index
