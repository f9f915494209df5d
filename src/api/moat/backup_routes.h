#pragma once

#include <vector>

#include "collections/backup_jobs.h"
#include "http/router.h"

namespace moat::api::moat_api {

// /api/admin/backups...: administrators only. Borrows the jobs.
std::vector<http::Route> backup_routes(collections::BackupJobs& jobs);

}  // namespace moat::api::moat_api
