#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "index/row_array.h"

namespace moat::collections {

// Memory for codes and graphs that keeps within a budget. What it has no room for lies in a mapped
// file without a name, which goes with the process: the system drops its pages when memory is
// short, and reads them again. Searches get slower by that, and nothing else.
//
// The first chunk, which is all that a small collection has, is always memory: counted as it is
// used, and perhaps above the limit.
//
// Threads: as ChunkSource.
class PagedMemory final : public index::ChunkSource {
  public:
    PagedMemory(std::shared_ptr<MemoryBudget> budget, std::filesystem::path folder)
        : budget_(std::move(budget)), folder_(std::move(folder)) {}
    ~PagedMemory() override;
    PagedMemory(const PagedMemory&) = delete;
    PagedMemory& operator=(const PagedMemory&) = delete;

    // Errors: io (no space left for the file), too_large (no memory).
    Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override;
    void in_use(std::size_t bytes) override;
    void release(std::byte* from, std::size_t bytes) override;

  private:
    struct Mapping {
        void* address;
        std::size_t bytes;
    };
    Result<std::byte*> chunk_of_file(std::size_t bytes);

    const std::shared_ptr<MemoryBudget> budget_;
    const std::filesystem::path folder_;
    index::MemoryChunks memory_;
    std::size_t first_used_ = 0;
    std::size_t taken_ = 0;
    std::size_t released_ = 0;
    Fd file_;
    std::size_t file_bytes_ = 0;
    std::vector<Mapping> mappings_;  // of the file
};

}  // namespace moat::collections
