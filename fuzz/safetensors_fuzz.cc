// Heads of published weights.
#include <cstdint>

#include "memory_file.h"
#include "models/convert/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto tensors = moat::models::read_safetensors(MemoryFile(data, size), "x");
    if (!tensors) return 0;
    // What was accepted lies within the file, one after the other.
    std::uint64_t end = 0;
    for (const auto& tensor : *tensors) {
        if (tensor.offset < end || tensor.bytes > size || tensor.offset > size - tensor.bytes)
            __builtin_trap();
        end = tensor.offset + tensor.bytes;
    }
    return 0;
}
