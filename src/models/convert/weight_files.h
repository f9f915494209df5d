#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/convert/model_folder.h"
#include "models/convert/safetensors.h"

// The weights of a published model: the tensors of all its safetensors files, open for reading.
// Threads: any; const methods may run beside each other.
namespace moat::models {

class WeightFiles {
  public:
    struct Tensor {
        SafeTensor head;
        std::size_t file = 0;
    };

    // Errors: those of ModelFolder::weight_files() and read_safetensors(); invalid_argument when
    // two files hold a tensor of the same name, or one that the index names is in none.
    static Result<WeightFiles> open(const ModelFolder& folder);
    // These files of the folder, which has them.
    static Result<WeightFiles> open(
        const ModelFolder& folder, const std::vector<std::string>& names
    );

    // Sorted by name.
    const std::vector<Tensor>& tensors() const { return tensors_; }
    // Fills all of `out` with the tensor's bytes from `offset` on. Errors: io.
    Status read(const Tensor& tensor, std::uint64_t offset, std::span<std::byte> out) const;

  private:
    std::vector<FileBytes> files_;
    std::vector<Tensor> tensors_;
};

}  // namespace moat::models
