#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <llama.h>
#include <mtmd-helper.h>
#include <mtmd.h>

// A model with a projector used as llama.cpp's own helpers use it: what the runner's answers about
// images are compared with in tests. Shares no code with the runner.
namespace moat::adapters::llama {

class PlainVision {
  public:
    // Ends the program when it cannot load. `most_rows`: of an image; -1: as the projector has it.
    PlainVision(
        const std::filesystem::path& gguf, const std::filesystem::path& projector, int most_rows
    );
    ~PlainVision();
    PlainVision(const PlainVision&) = delete;
    PlainVision& operator=(const PlainVision&) = delete;

    // The most likely answer to a text in which mtmd_default_marker() stands for each file.
    std::vector<llama_token> greedy(
        const std::string& text, const std::vector<std::string>& files, int count
    );

  private:
    llama_model* model_ = nullptr;
    llama_context* context_ = nullptr;
    mtmd_context* projector_ = nullptr;
};

}  // namespace moat::adapters::llama
