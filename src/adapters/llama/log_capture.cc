#include "adapters/llama/log_capture.h"

#include <cstdio>
#include <string_view>

#include <log.h>
#include <mtmd-helper.h>

namespace moat::adapters::llama {
namespace {

// A context of several slots has more cells than a model was trained on, but no request may use
// more than its share: llama.cpp's warning is about something else.
bool is_about_cells(std::string_view text) {
    return text.contains("possible training context overflow");
}

// A cancelled request ends the batch in which it is alone: GGML_STATUS_ABORTED, which is 1. The
// generation loop deals with it; nothing failed.
bool is_about_abort(std::string_view text) {
    static_assert(GGML_STATUS_ABORTED == 1);
    return text.ends_with("failed to compute graph, compute status: 1\n") ||
           text.ends_with("graph_compute_async failed with error 1\n") ||
           text.contains("removing memory module entries for seq_id");
}

// Advice to set options of llama.cpp's own programs.
bool is_about_options(std::string_view text) {
    return text.contains("Qwen-VL models require at minimum") ||
           text.contains("--image-min-tokens") || text.contains("llama.cpp/issues/16842");
}

bool is_noise(std::string_view text) {
    return is_about_cells(text) || is_about_abort(text) || is_about_options(text);
}

}  // namespace

LogCapture::LogCapture() {
    llama_log_set(receive, this);
    mtmd_helper_log_set(receive, this);  // mtmd_log_set() too
    common_log_set_verbosity_thold(LOG_LEVEL_WARN);
}

LogCapture::~LogCapture() {
    mtmd_helper_log_set(nullptr, nullptr);
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
        continues ? log.continues_shown_ : level >= GGML_LOG_LEVEL_WARN && !is_noise(text);
    log.continues_shown_ = shown;
    if (shown) std::fputs(text, stderr);
    if (level != GGML_LOG_LEVEL_ERROR || !shown) return;
    std::string line(text);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.pop_back();
    if (!line.empty()) log.last_error_ = std::move(line);
}

}  // namespace moat::adapters::llama
