// Modelfiles.
#include <cstdint>
#include <string_view>

#include "models/modelfile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto file = moat::models::parse_modelfile(text);
    if (file && file->from.empty()) __builtin_trap();
    return 0;
}
