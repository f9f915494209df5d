#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "base/result.h"

namespace moat::cli {

// How far an import is, in a file, so that one that was stopped goes on where it was.
// Threads: one. Format: JSON, with ids and counts of objects and nothing of what is in them.
class ImportMarks {
  public:
    struct Mark {
        std::string after;  // the last id that was written
        std::uint64_t objects = 0;
        std::uint64_t failed = 0;
        bool started = false;  // the class was made here, or found
        bool done = false;
    };

    // Of an import from one server to another. A file that is not there, or not readable as one, is
    // an empty one: the import then begins at the beginning, which does no harm.
    ImportMarks(
        const std::filesystem::path& folder, const std::string& from, const std::string& to
    );

    Mark get(const std::string& class_name, const std::string& tenant) const;
    // The file is written now and then; what it lacks after a crash is only done again.
    // Errors: io.
    Status set(const std::string& class_name, const std::string& tenant, Mark mark);
    Status save();
    // All is to begin at the beginning, now or the next time.
    void forget();

  private:
    void load();

    const std::filesystem::path path_;  // empty: nothing is kept
    std::map<std::pair<std::string, std::string>, Mark> marks_;
    std::chrono::steady_clock::time_point saved_{};
};

// $XDG_STATE_HOME/moat, or ~/.local/state/moat; empty where there is no home.
std::filesystem::path usual_state_folder();

}  // namespace moat::cli
