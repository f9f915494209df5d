#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/weaviate/services.h"
#include "base/ids.h"
#include "base/principal.h"
#include "base/result.h"
#include "collections/filter.h"

namespace moat::api::weaviate {

inline constexpr std::size_t kMaxDeletes = 10'000;  // of one request; the rest waits for another

struct DeleteRequest {
    std::string class_name;
    std::string tenant;
    std::optional<collections::Filter> filter;
    bool dry_run = false;
};
struct Deleted {
    std::uint64_t matches = 0;
    std::vector<Uuid> ids;  // that were, or would have been, deleted
    std::optional<Error> failure;
};

// Deletes what passes the filter, as one write. Threads: any; blocks. Errors: those of reading.
Result<Deleted> delete_matching(
    const Services& services, const Principal& who, const DeleteRequest& request
);

}  // namespace moat::api::weaviate
