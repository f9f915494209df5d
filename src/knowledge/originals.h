#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "knowledge/catalog.h"
#include "knowledge/content_store.h"
#include "knowledge/striped_lock.h"

namespace moat::knowledge {

// Keeps the stored originals and the catalog's names for them in step.
//
// Threads: any. Borrows: the catalog and the store.
class Originals {
  public:
    Originals(Catalog& catalog, const ContentStore& contents)
        : catalog_(catalog), contents_(contents) {}

    // Stores the bytes, then the document that names them. Errors: those of both.
    Result<StoredDocument> add(NewDocument document, std::string_view bytes);
    // Removes the content if no document names it any more. An empty digest is fine.
    Status collect(const std::string& sha256);
    // The same for all, at start-up.
    Status sweep();

  private:
    Catalog& catalog_;
    const ContentStore& contents_;
    StripedLock locks_;  // by digest: from storing bytes until they are named, and while removing
};

}  // namespace moat::knowledge
