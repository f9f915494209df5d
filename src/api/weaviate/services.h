#pragma once

#include "collections/collection.h"
#include "knowledge/embedder.h"

namespace moat::api::weaviate {

// What this protocol is served with. Borrows all, which outlive the routes.
struct Services {
    collections::Database& database;
    knowledge::Embedder& embedder;
};

}  // namespace moat::api::weaviate
