#pragma once

#include <filesystem>

#include "base/fd.h"
#include "base/result.h"

namespace moat::app {

// The data folder, held by this process alone. Threads: one. Owns: the lock; a process that dies
// lets go of it.
class DataFolder {
  public:
    // Makes the folder, readable by its owner only, when absent.
    // Errors: conflict (another server has it), io.
    static Result<DataFolder> take(const std::filesystem::path& path);

  private:
    explicit DataFolder(Fd lock) : lock_(std::move(lock)) {}
    Fd lock_;
};

}  // namespace moat::app
