#pragma once

#include <cstdint>
#include <string_view>

// In which numbers attention states are kept: less memory for each token, a little less exact.
// Threads: any; constants.
namespace moat::inference {

// For messages.
inline constexpr std::string_view kCacheTypes = "f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0";

bool is_cache_type(std::string_view name);

// Bytes that 32 values take, by the layouts of ggml's blocks; those of f16 for an unknown name.
std::uint64_t bytes_of_32_values(std::string_view cache_type);

// A type that is packed in blocks needs flash attention for its values.
bool needs_flash_attention(std::string_view cache_type);

}  // namespace moat::inference
