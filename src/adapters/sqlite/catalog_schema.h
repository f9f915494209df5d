#pragma once

#include <span>

#include "adapters/sqlite/database.h"

namespace moat::sqlite {

// The steps that make catalog.db: Database::open(data / "catalog.db", catalog_migrations()).
// Append; never change a released step.
std::span<const Migration> catalog_migrations();

}  // namespace moat::sqlite
