#include "inference/prompt_trail.h"

#include <algorithm>
#include <functional>
#include <string>

#include "base/json.h"

namespace moat::inference {
namespace {

constexpr std::size_t kPieceBytes = 256;
constexpr std::size_t kMostPieces = 256;  // of one prompt
constexpr std::size_t kMostMarks = 8192;  // of one runner

std::uint64_t joined(std::uint64_t before, std::string_view text) {
    // Any mixing does: a wrong guess costs a prompt computed again.
    return (before ^ std::hash<std::string_view>()(text)) * 0x9E3779B97F4A7C15ULL;
}

// Cuts what it is fed into pieces of equal length.
class Marker {
  public:
    void feed(std::string_view text) {
        while (!text.empty() && marks_.size() < kMostPieces) {
            const auto part = text.substr(0, kPieceBytes - held_.size());
            held_ += part;
            text.remove_prefix(part.size());
            if (held_.size() == kPieceBytes) cut();
        }
    }
    // What follows belongs to this domain.
    void enter(const std::string& domain) {
        if (!held_.empty() && marks_.size() < kMostPieces) cut();
        state_ = joined(state_, "domain " + domain);
    }
    PromptMarks take() { return std::move(marks_); }

  private:
    void cut() {
        state_ = joined(state_, held_);
        marks_.push_back(state_);
        held_.clear();
    }

    std::string held_;
    std::uint64_t state_ = 0;
    PromptMarks marks_;
};

void feed_chat(Marker& marker, const ChatPrompt& chat, const GenerateRequest& request) {
    const bool has_tools = !chat.tools.is_null();
    if (has_tools) {  // the caller's own, before what would be public
        marker.enter(request.cache_domain);
        marker.feed(json::write(chat.tools));
    }
    for (std::size_t i = 0; i < chat.messages.size(); ++i) {
        if (i == request.public_messages && !has_tools) marker.enter(request.cache_domain);
        marker.feed(chat.messages[i].role);
        marker.feed(chat.messages[i].content);
    }
}

}  // namespace

PromptMarks marks_of(const GenerateRequest& request) {
    Marker marker;
    if (const auto* text = std::get_if<std::string>(&request.prompt)) {
        const auto [in_prompt, in_public] = std::ranges::mismatch(*text, request.public_text);
        const auto open = static_cast<std::size_t>(in_prompt - text->begin());
        marker.feed(std::string_view(*text).substr(0, open));
        marker.enter(request.cache_domain);
        marker.feed(std::string_view(*text).substr(open));
    } else if (const auto* tokens = std::get_if<std::vector<std::int32_t>>(&request.prompt)) {
        marker.enter(request.cache_domain);
        marker.feed(
            {reinterpret_cast<const char*>(tokens->data()), tokens->size() * sizeof(std::int32_t)}
        );
    } else {
        feed_chat(marker, std::get<ChatPrompt>(request.prompt), request);
    }
    return marker.take();
}

std::size_t PromptTrail::seen(const PromptMarks& marks) const {
    const auto unknown =
        std::ranges::find_if(marks, [this](std::uint64_t mark) { return !counts_.contains(mark); });
    return static_cast<std::size_t>(unknown - marks.begin());
}

void PromptTrail::add(const PromptMarks& marks) {
    for (const std::uint64_t mark : marks) {
        ++counts_[mark];
        order_.push_back(mark);
    }
    while (order_.size() > kMostMarks) {
        const auto oldest = counts_.find(order_.front());
        if (--oldest->second == 0) counts_.erase(oldest);
        order_.pop_front();
    }
}

}  // namespace moat::inference
