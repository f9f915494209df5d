#include "inference/cache_type.h"

#include <algorithm>
#include <array>

namespace moat::inference {
namespace {

struct CacheType {
    std::string_view name;
    std::uint64_t bytes;  // of 32 values
};

constexpr std::array<CacheType, 8> kTypes = {
    CacheType{"f32", 128},
    {"f16", 64},
    {"bf16", 64},
    {"q8_0", 34},
    {"q5_1", 24},
    {"q5_0", 22},
    {"q4_1", 20},
    {"q4_0", 18},
};

}  // namespace

bool is_cache_type(std::string_view name) {
    return std::ranges::find(kTypes, name, &CacheType::name) != kTypes.end();
}

std::uint64_t bytes_of_32_values(std::string_view cache_type) {
    const auto found = std::ranges::find(kTypes, cache_type, &CacheType::name);
    return found == kTypes.end() ? 64 : found->bytes;
}

bool needs_flash_attention(std::string_view cache_type) {
    return cache_type.starts_with('q');
}

}  // namespace moat::inference
