#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "index/row_array.h"

namespace moat::collections {

// A file as the memory of a RowArray: the system keeps in memory what is read often and drops the
// rest, so vectors may be more than the memory. Space is taken from the disk before it is used.
// Only sync() makes what was written survive a power loss; the store has all of it as well.
//
// Threads: as ChunkSource; sync() from any. Owns: the mappings, and the file while open.
class VectorFile final : public index::ChunkSource {
  public:
    // Opens or makes it; with `fresh`, what was in it is dropped. Errors: io.
    static Result<std::unique_ptr<VectorFile>> open(const std::filesystem::path& path, bool fresh);
    ~VectorFile() override;

    Result<std::byte*> chunk(std::size_t number, std::size_t bytes) override;
    Status sync() const;

  private:
    struct Mapping {
        void* address;
        std::size_t bytes;
    };
    explicit VectorFile(Fd file) : file_(std::move(file)) {}

    const Fd file_;
    std::vector<Mapping> mappings_;
};

}  // namespace moat::collections
