#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "knowledge/catalog.h"
#include "knowledge/embedder.h"
#include "knowledge/ingestor.h"
#include "knowledge/progress_board.h"

namespace moat::knowledge {

struct IngestSettings {
    std::size_t workers = 2;
    int max_attempts = 3;
    // Before the second attempt; each later one waits five times as long.
    std::chrono::milliseconds first_backoff{1000};
    // How often to look whether an embedding model has been installed since.
    std::chrono::milliseconds model_check{15'000};
};

// Threads that work through the catalog's jobs, oldest first. A failure that may pass (io, busy,
// internal) is tried again after a pause; any other fails the document at once.
//
// Threads: any. Borrows: everything it is given. The jobs live in the catalog: a process killed at
// any point goes on with them when the next one starts.
class IngestQueue {
  public:
    IngestQueue(
        Catalog& catalog,
        Ingestor& ingestor,
        Embedder& embedder,
        ProgressBoard& progress,
        const Clock& clock,
        IngestSettings settings
    );
    ~IngestQueue();  // stops

    void start();
    // Cancels what is running (it is done again at the next start) and waits for the threads.
    void stop();
    // Call after a job was added.
    void wake();

  private:
    void work(const std::stop_token& stop);
    // Waits for a job that is due and that no other thread has; empty: stop.
    std::string next_job(const std::stop_token& stop);
    void run(const std::string& document, const std::stop_token& stop);
    void conclude(const StoredDocument& document, const Error& error);
    void watch_models(const std::stop_token& stop);
    Status queue_embedding();

    Catalog& catalog_;
    Ingestor& ingestor_;
    Embedder& embedder_;
    ProgressBoard& progress_;
    const Clock& clock_;
    const IngestSettings settings_;

    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::set<std::string> claimed_;              // documents in work; guarded by mutex_
    std::set<std::string> embedding_requested_;  // bases; the watching thread only
    std::vector<std::jthread> threads_;          // last: they use all of the above
};

}  // namespace moat::knowledge
