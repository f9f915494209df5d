#pragma once

#include <mutex>
#include <string>

#include <llama.h>

// Where llama.cpp's log goes: warnings and errors to stderr, the rest nowhere; the last error is
// kept, because load failures say their cause only there.
//
// Threads: any. llama.cpp keeps one log for the process, so make one of these, in main, and keep
// it.
namespace moat::adapters::llama {

class LogCapture {
  public:
    LogCapture();
    ~LogCapture();
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

    // Without its line end; empty when there was none.
    std::string last_error() const;

  private:
    static void receive(ggml_log_level level, const char* text, void* self);

    mutable std::mutex mutex_;
    std::string last_error_;        // guarded by mutex_
    bool continues_shown_ = false;  // guarded by mutex_: the line before went to stderr
};

}  // namespace moat::adapters::llama
