#pragma once

#include <cstdint>
#include <functional>
#include <string>

// How far long work on the store is: one line of a stream. Threads: any (a value).
namespace moat::models {

struct Progress {
    std::string status;          // Ollama's text: "parsing GGUF", "success"
    std::string digest{};        // "sha256:<hex>" of what is moved; empty: of nothing in particular
    std::int64_t total = 0;      // bytes; 0: not known
    std::int64_t completed = 0;  // bytes
};

// Called on the thread that does the work.
using ProgressSink = std::function<void(const Progress& progress)>;

}  // namespace moat::models
