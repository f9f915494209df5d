#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "adapters/rocksdb/store.h"
#include "collections/open.h"

// What the tests of lost processes and lost power write, and what must be there afterwards.
namespace moat::collections {

// All upkeep happens often, so that what goes wrong falls into it.
Result<std::unique_ptr<Database>> open_workload(
    const std::filesystem::path& folder, const adapters::rocksdb_store::Options& options = {}
);
Result<std::shared_ptr<Collection>> open_collection(Database& database);

// What batch `number` writes: the same in every process.
WriteBatch batch_of(std::uint64_t number);
Status write_batch(Collection& collection, std::uint64_t number);

// What a process does beside its writes, again and again until it is killed: makes a tenant with
// one object (said to `made` when that is acknowledged), has a property indexed another way, takes
// a backup. Begins with tenant `next`. Returns only after a failure.
int keep_changing(
    Database& database,
    const std::filesystem::path& folder,
    std::uint64_t next,
    const std::function<void(std::uint64_t tenant)>& made
);
// Tenants below `end` are there with their object; the one after may be.
void check_tenants(const std::filesystem::path& folder, std::uint64_t end);

// What the moments of kills are drawn from: MOAT_CRASH_SEED, or the same each time.
std::uint64_t crash_seed();

// Compares what a folder holds with the batches that were acknowledged.
class StoreOracle {
  public:
    // The first batch that is not known to be stored.
    std::uint64_t next() const { return next_; }

    // Opens the folder: every batch below `acknowledged_end` must be there whole and be found by
    // id, keyword, vector and filter; of the one after it all or nothing.
    void check(const std::filesystem::path& folder, std::uint64_t acknowledged_end);

  private:
    using Model = std::map<Uuid, Object>;

    void apply(std::uint64_t number);
    bool equals(const std::vector<Object>& stored) const;
    void check_searches(const Collection& collection);

    Model model_;  // of all batches below next_
    std::uint64_t next_ = 0;
    std::mt19937 random_{20261121};
};

}  // namespace moat::collections
