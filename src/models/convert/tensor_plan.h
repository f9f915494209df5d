#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/convert/family.h"
#include "models/convert/published_config.h"
#include "models/convert/weight_files.h"

// What becomes of each tensor: its name in GGUF, its type, and what is done to its numbers.
// Threads: any.
namespace moat::models {

// Types of numbers a converted model may be stored in, by ggml's ids.
enum class OutputType : std::uint32_t { f32 = 0, f16 = 1, bf16 = 30 };

std::uint64_t bytes_per_value(OutputType type);

struct PlannedTensor {
    std::string name;
    std::vector<std::uint64_t> shape;  // fastest first, as GGUF has it
    OutputType type = OutputType::f32;
    // Borrowed from the WeightFiles; nullptr: the tensor is `constants`.
    const WeightFiles::Tensor* source = nullptr;
    std::vector<float> constants;
    // Not 0: the rows of each of so many heads change from two halves to pairs.
    std::uint32_t interleaved_heads = 0;
    float added = 0;                 // to each number
    std::uint64_t skipped_rows = 0;  // of the source, at its beginning

    std::uint64_t values() const;
    std::uint64_t bytes() const { return values() * bytes_per_value(type); }
};

// In the order in which they are to be written. Matrices become `type`; what llama.cpp computes
// with as F32 (vectors, positions) becomes F32.
// Errors: invalid_argument (a tensor is missing, unknown or of the wrong shape), unsupported (a
// quantized one).
Result<std::vector<PlannedTensor>> plan_tensors(
    const Family& family, const PublishedConfig& config, const WeightFiles& weights, OutputType type
);

}  // namespace moat::models
