#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/llama/model.h"
#include "base/result.h"

// One attention state as a file (docs/formats/attention-states.md). Threads: any; calls block on
// the disk.
namespace moat::adapters::llama {

struct StateHead {
    std::string model;  // which model, adapters and settings computed it
    std::string domain;
    std::size_t public_tokens = 0;
    Tokens tokens;
    std::uint64_t file_bytes = 0;  // set by reading
};

using StateBytes = std::vector<std::uint8_t>;

// Written beside and renamed, readable by its owner only. Errors: io.
Status write_state_file(
    const std::filesystem::path& path, const StateHead& head, const StateBytes& state
);
// Without the state, and without checking it. Errors: not_found, io, corrupt.
Result<StateHead> read_state_head(const std::filesystem::path& path);
// The state, checked against its digest. Errors: not_found, io, corrupt.
Result<StateBytes> read_state_file(const std::filesystem::path& path);

}  // namespace moat::adapters::llama
