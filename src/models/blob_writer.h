#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/sha256.h"
#include "models/model_store.h"

namespace moat::models {

// Streams bytes into `path`, which appears whole, synced and with the right digest, or not at all.
// Errors: invalid_argument `digest mismatch, expected "sha256:..", got "sha256:.."`, io, and those
// of `next`.
Status write_blob(
    const std::filesystem::path& path, const Sha256& digest, const ModelStore::Pieces& next
);

}  // namespace moat::models
