#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// The numbers of the GGUF format and what they stand for (ggml's type ids and llama.cpp's file
// type ids; both are append-only). Threads: any; constant tables.
namespace moat::models {

struct TensorType {
    std::string_view name;       // "Q4_K"
    std::uint32_t block_values;  // weights stored together
    std::uint32_t block_bytes;   // bytes of one such block
};

// Nothing for an id this table does not know.
std::optional<TensorType> tensor_type(std::uint32_t id);

// "Q4_K_M" for general.file_type 15; "unknown" for an id this table does not know.
std::string_view file_type_name(std::int64_t id);

}  // namespace moat::models
