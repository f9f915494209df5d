#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/convert/published_config.h"
#include "models/gguf_writer.h"

// How a decoder tells positions apart: rotary embeddings, and how they are stretched for longer
// texts. Older files keep this in rope_theta and rope_scaling, newer ones in rope_parameters.
namespace moat::models {

// Writes <architecture>.rope.*. Errors: invalid_argument, unsupported (another way of stretching).
Status describe_rotation(
    const PublishedConfig& config, std::string_view architecture, float default_base, GgufHead& head
);

// Llama 3's way of stretching: what each frequency is divided by (the tensor rope_freqs.weight).
// Empty for all other models. Errors: invalid_argument.
Result<std::vector<float>> rotation_divisors(const PublishedConfig& config);

// Of each head. Errors: invalid_argument.
Result<std::uint32_t> head_width(const PublishedConfig& config);

}  // namespace moat::models
