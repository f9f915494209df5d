#pragma once

#include <string>
#include <vector>

#include "base/frame_channel.h"
#include "models/quantizer.h"

// Quantizes in a child process, `moat quantize --child`: a file that makes the engine abort, or
// more memory than there is, costs that child and nothing else. The child ends when its server
// does.
//
// Format:  server: {"sources": [..], "target": "..", "type": <file type>, "copies": false,
//          "importance": "..", "importance_name": ".."}, paths and the name as base64, the last two
//          only with an importance matrix;
//          child: any number of {"fraction": 0.5}, then {"done": true} or {"error": "..."}.
// Threads: any; every call starts a child of its own.
namespace moat::models {

class QuantizerProcess final : public Quantizer {
  public:
    // `command` starts the child: program and arguments.
    explicit QuantizerProcess(std::vector<std::string> command) : command_(std::move(command)) {}

    Status quantize(const QuantizeJob& job, const std::function<void(double)>& progress) override;

  private:
    const std::vector<std::string> command_;
};

// The child's side of the frames. Errors: corrupt.
Frame to_frame(const QuantizeJob& job);
Result<QuantizeJob> parse_quantize_job(const Frame& frame);

}  // namespace moat::models
