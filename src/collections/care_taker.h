#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "collections/stored_collection.h"

namespace moat::collections {

// The thread behind the collections of a database: calls maintain() of those that asked for it,
// and once a minute of all, since objects may have outlived their time.
// Threads: any. Owns: its thread; the destructor finishes the task at hand and drops the rest.
class CareTaker {
  public:
    CareTaker();
    ~CareTaker();
    CareTaker(const CareTaker&) = delete;
    CareTaker& operator=(const CareTaker&) = delete;

    // Before `collection` asks for care, and after the last time it may.
    void add(const std::shared_ptr<StoredCollection>& collection);
    void remove(StoredCollection& collection);
    void ask(StoredCollection& collection);

  private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any asked_;
    std::set<std::shared_ptr<StoredCollection>> known_;  // guarded by mutex_
    std::set<StoredCollection*> waiting_;                // guarded by mutex_
    std::jthread thread_;                                // last: uses all of the above
};

}  // namespace moat::collections
