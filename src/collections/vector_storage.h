#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/memory_budget.h"
#include "base/result.h"
#include "collections/keys.h"
#include "collections/schema.h"
#include "collections/upkeep_options.h"
#include "collections/vector_file.h"
#include "index/vector_index.h"

namespace moat::collections {

// Where the vectors of collections are kept.
struct VectorPlace {
    std::filesystem::path folder;
    bool in_memory = false;  // no files: of small collections that are many
    UpkeepOptions upkeep;
    std::shared_ptr<MemoryBudget> memory;  // of codes and graphs
};

struct VectorShape {
    std::size_t dimensions = 0;
    Distance distance = Distance::cosine;
    std::optional<CodeWidth> code_width = {};
};

// The files behind the vector index of one collection:
//
// (<number> is that of the collection; for a named vector "number.slot")
//
//   <number>-<generation>.vectors   the vectors, mapped
//   <number>.graph                  codes and graph as of the last checkpoint, and which
//                                   generation of vectors they belong to (docs/formats)
//
// Both only save time: everything in them can be made again from the store, and is when one of them
// is missing, damaged or of another version.
//
// Threads: checkpoint() and verify_some() by one at a time, beside readers of the index; the rest
// while opening.
class VectorStorage {
  public:
    VectorStorage(VectorPlace place, CollectionNumber collection, VectorSlot slot);
    ~VectorStorage();

    // A new, empty index; former files are dropped. Errors: io.
    Result<std::shared_ptr<index::VectorIndex>> create(const VectorShape& shape);
    // The index as of the last checkpoint, for rows below graph_end(), which is at most `end`. Its
    // file is mapped: this takes the same time whatever its size, and memory only for what is used
    // or changed. Errors: not_found when there is no checkpoint; corrupt, unsupported, io when it
    // cannot be used.
    Result<std::shared_ptr<index::VectorIndex>> restore(const VectorShape& shape, Row end);

    // Compares some more of what restore() mapped with its checksum; true when nothing is left to
    // compare. Errors: corrupt, once, and the file is gone; io.
    Result<bool> verify_some();

    // Whether so much was built since the last checkpoint that a restart would take long.
    bool checkpoint_is_due(const index::VectorIndex& vectors) const;
    Status checkpoint(const index::VectorIndex& vectors);

    // Of all vectors of a collection.
    static Status remove_files(const std::filesystem::path& folder, CollectionNumber collection);
    // Of one of them.
    static Status remove_files(
        const std::filesystem::path& folder, CollectionNumber collection, VectorSlot slot
    );

  private:
    struct Verification;

    index::VectorIndexOptions options_for(const VectorShape& shape) const;
    std::filesystem::path graph_path() const;
    std::filesystem::path vectors_path(const std::string& generation) const;

    const VectorPlace place_;
    const CollectionNumber collection_;
    const std::string name_;            // what the names of the files begin with
    std::string generation_;            // constant once created or restored
    const VectorFile* file_ = nullptr;  // of the index
    std::atomic<Row> saved_end_ = 0;
    std::unique_ptr<Verification> verification_;  // until it is done
};

}  // namespace moat::collections
