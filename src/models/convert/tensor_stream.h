#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "base/result.h"
#include "models/convert/tensor_plan.h"
#include "models/gguf_writer.h"

// Copies a tensor's numbers into a model file, changed as planned, a few MB at a time.
// Threads: any.
namespace moat::models {

// Told of bytes that were written.
using WrittenSink = std::function<void(std::uint64_t bytes)>;

// Errors: cancelled, io, and unsupported when a number does not fit F16.
Status write_tensor(
    const PlannedTensor& tensor,
    const WeightFiles& weights,
    GgufOutput& output,
    const WrittenSink& written,
    const std::stop_token& stop
);

}  // namespace moat::models
