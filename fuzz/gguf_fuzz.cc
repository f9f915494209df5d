// Heads of model files.
#include <cstdint>

#include "memory_file.h"
#include "models/gguf_file.h"
#include "models/model_facts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    moat::models::GgufReadOptions options;
    options.name = "x";
    const auto file = moat::models::read_gguf(MemoryFile(data, size), options);
    if (!file) return 0;
    // What was accepted holds together.
    for (const auto& tensor : file->tensors)
        if (tensor.offset + tensor.bytes > size) __builtin_trap();
    (void)moat::models::facts_of(*file);
    return 0;
}
