#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sha256.h"

namespace moat::knowledge {

// The original files, each once, named by the SHA-256 of its bytes: <root>/ab/abcdef...
//
// Threads: any. All block on the disk.
// Owns:    the folder. After a crash it may hold stray "*.tmp" files and contents nobody names;
//          sweep() removes both.
class ContentStore {
  public:
    // Makes the folder when absent. Errors: io.
    static Result<ContentStore> open(std::filesystem::path root);

    // On disk when it returns. Bytes already there are not written again. Errors: io.
    Status put(const Sha256& digest, std::string_view bytes) const;
    // Errors: not_found; corrupt when the file no longer matches its name; io.
    Result<std::string> get(const Sha256& digest) const;
    std::filesystem::path path_of(const Sha256& digest) const;
    // Fine when absent. Errors: io.
    Status remove(const Sha256& digest) const;

    // Removes every content that `in_use` denies. Nothing may be put meanwhile.
    // Errors: io, and those of `in_use`.
    Status sweep(const std::function<Result<bool>(const std::string& hex)>& in_use) const;

  private:
    explicit ContentStore(std::filesystem::path root) : root_(std::move(root)) {}

    std::filesystem::path root_;  // constant
};

}  // namespace moat::knowledge
