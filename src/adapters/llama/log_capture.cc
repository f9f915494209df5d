#include "adapters/llama/log_capture.h"

#include <cstdio>
#include <string_view>

#include <log.h>

namespace moat::adapters::llama {
namespace {

// A context of several slots has more cells than a model was trained on, but no request may use
// more than its share: llama.cpp's warning is about something else.
bool is_about_cells(std::string_view text) {
    return text.contains("possible training context overflow");
}

}  // namespace

LogCapture::LogCapture() {
    llama_log_set(receive, this);
    common_log_set_verbosity_thold(LOG_LEVEL_WARN);
}

LogCapture::~LogCapture() {
    llama_log_set(nullptr, nullptr);
}

std::string LogCapture::last_error() const {
    const std::lock_guard lock(mutex_);
    return last_error_;
}

void LogCapture::receive(ggml_log_level level, const char* text, void* self) {
    auto& log = *static_cast<LogCapture*>(self);
    const std::lock_guard lock(log.mutex_);
    const bool continues = level == GGML_LOG_LEVEL_CONT;
    const bool shown =
        continues ? log.continues_shown_ : level >= GGML_LOG_LEVEL_WARN && !is_about_cells(text);
    log.continues_shown_ = shown;
    if (shown) std::fputs(text, stderr);
    if (level != GGML_LOG_LEVEL_ERROR) return;
    std::string line(text);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.pop_back();
    if (!line.empty()) log.last_error_ = std::move(line);
}

}  // namespace moat::adapters::llama
