#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "knowledge/knowledge_bases.h"

namespace moat::knowledge {

// Where the documents being worked on stand right now. Only in memory: after a restart the work
// starts over, so there is nothing to remember. Threads: any.
class ProgressBoard {
  public:
    void set(const std::string& document, Stage stage) {
        const std::lock_guard lock(mutex_);
        stages_[document] = stage;
    }
    void clear(const std::string& document) {
        const std::lock_guard lock(mutex_);
        stages_.erase(document);
    }
    std::optional<Stage> find(const std::string& document) const {
        const std::lock_guard lock(mutex_);
        const auto found = stages_.find(document);
        return found == stages_.end() ? std::nullopt : std::optional(found->second);
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, Stage> stages_;  // guarded by mutex_
};

}  // namespace moat::knowledge
