#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "collections/collection.h"

namespace moat::knowledge {

bool has_property(const collections::Schema& schema, std::string_view name);

// The collections behind knowledge bases: one each, made when first written to.
//
// The rights of the caller are checked before; what is done here is done as the server itself.
// Threads: any. Borrows: the database. Errors: those of collections::Collection.
class BaseCollections {
  public:
    explicit BaseCollections(collections::Database& database) : database_(database) {}

    // Null when nothing has been written yet.
    Result<std::shared_ptr<collections::Collection>> find(const std::string& base);
    // With these properties beside the usual ones, as far as the schema has room for them.
    Result<std::shared_ptr<collections::Collection>> open(
        const std::string& base, const std::vector<collections::Property>& properties
    );
    Status drop(const std::string& base);

    // All chunks of a document, in id order.
    Result<std::vector<collections::Object>> chunks(
        const std::string& base, const std::string& document, bool with_vectors
    );
    Status remove_chunks(const std::string& base, const std::string& document);

  private:
    collections::Database& database_;
    std::mutex schema_mutex_;  // one maker or grower of collections at a time
};

}  // namespace moat::knowledge
