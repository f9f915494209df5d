#include "adapters/llama/text_stream.h"

#include <algorithm>

#include "base/bytes.h"

namespace moat::adapters::llama {
namespace {

// Bytes at the end that begin a character and do not finish it.
std::size_t unfinished_character(std::string_view text) {
    const std::size_t limit = std::min<std::size_t>(text.size(), 3);
    for (std::size_t back = 1; back <= limit; ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0) == 0x80) continue;  // goes on; look for its first byte
        std::size_t length = 1;
        if (byte >= 0xC2 && byte <= 0xDF) length = 2;
        if (byte >= 0xE0 && byte <= 0xEF) length = 3;
        if (byte >= 0xF0 && byte <= 0xF4) length = 4;
        return back < length ? back : 0;
    }
    return 0;
}

}  // namespace

TextStream::TextStream(std::vector<std::string> stops) : stops_(std::move(stops)) {
    std::erase(stops_, "");
}

bool TextStream::find_stop(std::string& shown) {
    std::size_t first = std::string::npos;
    for (const auto& stop : stops_) {
        const std::size_t at = waiting_.find(stop);
        if (at < first) {
            first = at;
            stop_string_ = stop;
        }
    }
    if (first == std::string::npos) return false;
    shown = to_valid_utf8(std::string_view(waiting_).substr(0, first));
    waiting_.clear();
    stopped_ = true;
    return true;
}

// The longest end of what waits that is the beginning of a stop string.
std::size_t TextStream::held_for_stop() const {
    std::size_t held = 0;
    const std::string_view text = waiting_;
    for (const std::string_view stop : stops_) {
        for (std::size_t n = std::min(stop.size() - 1, text.size()); n > held; --n) {
            if (text.ends_with(stop.substr(0, n))) held = n;
        }
    }
    return held;
}

std::string TextStream::push(std::string_view piece) {
    if (stopped_) return "";
    waiting_ += piece;
    std::string shown;
    if (find_stop(shown)) return shown;
    const std::size_t held = std::max(held_for_stop(), unfinished_character(waiting_));
    const std::size_t ready = waiting_.size() - held;
    shown = to_valid_utf8(std::string_view(waiting_).substr(0, ready));
    waiting_.erase(0, ready);
    return shown;
}

std::string TextStream::flush() {
    std::string shown = to_valid_utf8(waiting_);
    waiting_.clear();
    return shown;
}

}  // namespace moat::adapters::llama
