#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "models/blob_checks.h"
#include "models/model_facts.h"
#include "models/model_store.h"

// The inside of a ModelStore, seen by its own files only.
namespace moat::models {

struct ModelStore::Shared {
    using SteadyTime = std::chrono::steady_clock::time_point;

    explicit Shared(std::filesystem::path root_path)
        : root(std::move(root_path)), checks(root / "checked.json") {}

    // True once for each blob: what is worth saying about it is said once.
    bool first_time(const Sha256& digest) {
        const std::lock_guard lock(facts_mutex);
        return mentioned.insert(digest).second;
    }

    const std::filesystem::path root;
    StoreTools tools;        // set before the first create()
    std::mutex write_mutex;  // held while manifests change: a blob must not go while one is made
    // Guarded by write_mutex: blobs no manifest names yet that must stay.
    std::map<Sha256, int> pins;              // of creates that run
    std::map<Sha256, SteadyTime> announced;  // by clients that are about to create
    std::mutex facts_mutex;
    std::map<Sha256, ModelFacts> facts;  // guarded by facts_mutex; of blobs, which never change
    std::set<Sha256> mentioned;          // guarded by facts_mutex
    BlobChecks checks;
};

// Blobs that stay while one create() works, though no manifest names them yet.
// Threads: one. Borrows the store's inside. pin() and release() need write_mutex held; the
// destructor takes it.
class BlobPins {
  public:
    explicit BlobPins(ModelStore::Shared& shared) : shared_(shared) {}
    ~BlobPins();
    BlobPins(const BlobPins&) = delete;
    BlobPins& operator=(const BlobPins&) = delete;

    void pin(const Sha256& digest);
    void release();
    const std::vector<Sha256>& digests() const { return digests_; }

  private:
    ModelStore::Shared& shared_;
    std::vector<Sha256> digests_;
};

}  // namespace moat::models
