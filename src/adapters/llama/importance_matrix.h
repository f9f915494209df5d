#pragma once

#include <string>
#include <vector>

#include <llama.h>

#include "base/result.h"
#include "models/quantizer.h"

// How much each column of each weight matrix matters, as llama-imatrix measured it, in the form
// llama.cpp's quantizer takes. Threads: any (a value).
namespace moat::adapters::llama {

class ImportanceMatrix {
  public:
    // Errors: corrupt (in llama.cpp's words, or what it says is no mean).
    static Result<ImportanceMatrix> read(const models::ImportanceFile& file);

    // Borrowed by `parameters` as long as this object lives and stands still. The result says what
    // it was made with, as llama-quantize has it say.
    void add_to(llama_model_quantize_params& parameters);

  private:
    struct Entry {
        std::string name;
        std::vector<float> means;
    };

    std::vector<Entry> entries_;
    std::vector<llama_model_imatrix_data> views_;
    std::vector<llama_model_kv_override> said_;
};

}  // namespace moat::adapters::llama
