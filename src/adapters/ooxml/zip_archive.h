#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

struct zip;

namespace moat::adapters {

// Reads members of a ZIP archive held in memory, never more than a budget of unpacked bytes in
// all, whatever the archive's directory claims.
//
// Threads: one at a time. Borrows: the bytes.
class ZipArchive {
  public:
    // Errors: corrupt (no or a broken directory).
    static Result<ZipArchive> open(BytesView data, std::size_t max_unpacked_bytes);

    bool contains(const std::string& name) const;
    // Errors: not_found, too_large (the budget), corrupt, unsupported (encrypted).
    Result<std::string> read(const std::string& name);

  private:
    struct Close {
        void operator()(zip* archive) const;
    };

    ZipArchive(zip* archive, std::size_t budget) : archive_(archive), budget_(budget) {}

    std::unique_ptr<zip, Close> archive_;
    std::size_t budget_;
};

}  // namespace moat::adapters
