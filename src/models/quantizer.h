#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Storing a model's weights in fewer bits. The names of the types are llama.cpp's.
namespace moat::models {

struct QuantizationType {
    std::string_view name;  // "Q4_K_M"
    std::int64_t id = -1;   // general.file_type of the result
    bool copies = false;    // "COPY": the weights stay as they are; several files become one
};

// The type of that name, in any case; "Q4_K" and its like mean the medium mix.
// Errors: invalid_argument "unsupported quantization type X - supported types are ...".
Result<QuantizationType> find_quantization_type(std::string_view name);

// Which weights matter most (an importance matrix): a GGUF file of llama.cpp's llama-imatrix.
struct ImportanceFile {
    std::filesystem::path path;
    std::string name;  // the result says that it was made with the file of this name
};

struct QuantizeJob {
    std::vector<std::filesystem::path> sources;  // GGUF; several: the shards of a model, in order
    std::filesystem::path target;                // made anew; one file
    QuantizationType type;
    std::optional<ImportanceFile> importance{};
};

// Threads: any; calls block. Errors: corrupt, unsupported (a type that wants an importance matrix;
// or in the engine's words), io, internal (the work died). A target may be left half.
class Quantizer {
  public:
    virtual ~Quantizer() = default;
    // `progress` is told the share that is done, 0..1, on the calling thread.
    virtual Status quantize(
        const QuantizeJob& job, const std::function<void(double)>& progress
    ) = 0;
};

}  // namespace moat::models
