#pragma once

#include "api/weaviate/modules.h"
#include "collections/backup_jobs.h"
#include "collections/collection.h"
#include "knowledge/embedder.h"

namespace moat::api::weaviate {

// What this protocol is served with. Borrows all, which outlive the routes.
struct Services {
    collections::Database& database;
    knowledge::Embedder& embedder;
    Modules& modules;
    collections::BackupJobs& backups;
};

}  // namespace moat::api::weaviate
