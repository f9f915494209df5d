#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/random_access.h"

// Reads the head of a safetensors file: 8 bytes of length, a JSON table of that length, then the
// tensors' bytes without gaps. Weights are not read.
//
// Threads: any. Cost: the table's size. The content is hostile: the table is bounded, every tensor
// lies within the file, is as long as its shape says and overlaps no other.
namespace moat::models {

enum class WeightType { f32, f16, bf16, other };

struct SafeTensor {
    std::string name;
    WeightType type = WeightType::other;
    std::string type_name;             // as the file spells it: "BF16"
    std::vector<std::uint64_t> shape;  // rows first, as the file has it; empty: one value
    std::uint64_t offset = 0;          // from the start of the file
    std::uint64_t bytes = 0;

    std::uint64_t values() const;
};

// In the order of their bytes. `name` is what messages call the file.
// Errors: corrupt ("X is not a safetensors file", "X is damaged: ..."), unsupported (a type of
// number that this build does not know), io.
Result<std::vector<SafeTensor>> read_safetensors(
    const RandomAccess& bytes, const std::string& name
);

}  // namespace moat::models
