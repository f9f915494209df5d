#pragma once

#include <functional>

#include "inference/protocol.h"

namespace moat::adapters::llama {

// Where replies go: to the server, or to a test. Called from the runner's two threads.
using ReplySink = std::function<void(const inference::Reply&)>;

}  // namespace moat::adapters::llama
