#include "inference/answer_parser.h"

#include <algorithm>

#include "base/ids.h"
#include "inference/json_scan.h"

namespace moat::inference {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

void trim_left(std::string& text) {
    text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
}

// Bytes at the end of `text` that may be the beginning of `mark`.
std::size_t partial_length(std::string_view text, std::string_view mark) {
    for (std::size_t length = std::min(text.size(), mark.size() - 1); length > 0; --length)
        if (text.ends_with(mark.substr(0, length))) return length;
    return 0;
}

}  // namespace

std::string new_call_id() {
    return "call_" + random_hex(4);
}

ThinkingSplitter::ThinkingSplitter(models::ThinkingMarks marks, bool begun)
    : marks_(std::move(marks)), state_(begun ? State::trim_thinking : State::before) {}

ThinkingSplitter::Piece ThinkingSplitter::push(std::string_view text) {
    held_ += text;
    Piece out;
    while (step(out)) {
    }
    return out;
}

// One change of state; false when more text is needed.
bool ThinkingSplitter::step(Piece& out) {
    switch (state_) {
        case State::before: {
            std::string start = held_;
            trim_left(start);
            if (start.starts_with(marks_.open)) {
                held_ = start.substr(marks_.open.size());
                state_ = State::trim_thinking;
                return true;
            }
            if (std::string_view(marks_.open).starts_with(start)) return false;
            state_ = State::content;
            return true;
        }
        case State::trim_thinking:
        case State::trim_content:
            trim_left(held_);
            if (held_.empty()) return false;
            state_ = state_ == State::trim_thinking ? State::thinking : State::content;
            return true;
        case State::thinking: {
            if (const auto end = held_.find(marks_.close); end != std::string::npos) {
                const auto last = held_.find_last_not_of(kSpace, end - 1);
                if (end > 0 && last != std::string::npos) out.thinking += held_.substr(0, last + 1);
                held_.erase(0, end + marks_.close.size());
                state_ = State::trim_content;
                return true;
            }
            // White space before the closing mark is not part of the thought.
            std::size_t keep = partial_length(held_, marks_.close);
            const std::string_view sure = std::string_view(held_).substr(0, held_.size() - keep);
            const auto last = sure.find_last_not_of(kSpace);
            keep = held_.size() - (last == std::string_view::npos ? 0 : last + 1);
            out.thinking += held_.substr(0, held_.size() - keep);
            held_.erase(0, held_.size() - keep);
            return false;
        }
        case State::content:
            out.content += std::exchange(held_, {});
            return false;
    }
    return false;
}

ThinkingSplitter::Piece ThinkingSplitter::finish() {
    Piece out;
    if (state_ == State::thinking) {
        out.thinking = std::exchange(held_, {});
    } else if (state_ == State::before || state_ == State::content) {
        out.content = std::exchange(held_, {});
    }
    return out;
}

ToolCallScanner::ToolCallScanner(std::string mark, const json::Value& tools)
    : mark_(std::move(mark)) {
    if (!tools.is_array()) return;
    for (const auto& tool : tools.get_array())
        if (const json::Value* function = json::find(tool, "function"))
            names_.push_back(json::string_or(*function, "name"));
}

ToolCallScanner::Piece ToolCallScanner::push(std::string_view text) {
    held_ += text;
    Piece out;
    if (!marked_) look_for_mark(out);
    if (marked_) take_calls(out);
    return out;
}

void ToolCallScanner::look_for_mark(Piece& out) {
    const bool bare = mark_ == "{" || mark_ == "[";
    if (bare && !plain_) {
        // Calls without a mark of their own: the whole answer must be one.
        const auto start = held_.find_first_not_of(kSpace);
        if (start == std::string::npos) return;
        marked_ = held_[start] == '{' || held_[start] == '[';
        plain_ = !marked_;
        if (marked_) return;
    }
    if (plain_) {
        out.content += std::exchange(held_, {});
        return;
    }
    if (const auto at = held_.find(mark_); at != std::string::npos) {
        out.content += held_.substr(0, at);
        held_.erase(0, at);
        marked_ = true;
        return;
    }
    const std::size_t keep = partial_length(held_, mark_);
    out.content += held_.substr(0, held_.size() - keep);
    held_.erase(0, held_.size() - keep);
}

void ToolCallScanner::take_calls(Piece& out) {
    // The mark stays at the front of held_ until a call is found: without one it was mere text.
    std::size_t from = found_ || mark_ == "{" || mark_ == "[" ? 0 : mark_.size();
    for (;;) {
        from = held_.find('{', from);
        if (from == std::string::npos) return;
        const std::size_t end = json_end(held_, from);
        if (end == std::string::npos) return;
        const auto value = json::read(std::string_view(held_).substr(from, end - from));
        auto call = value ? call_from(*value) : std::nullopt;
        if (!call) {
            from = end;
            continue;
        }
        out.calls.push_back(std::move(*call));
        held_.erase(0, end);
        found_ = true;
        from = 0;
    }
}

std::optional<models::ToolCall> ToolCallScanner::call_from(const json::Value& value) const {
    const std::string name = json::string_or(value, "name");
    if (std::ranges::find(names_, name) == names_.end()) return std::nullopt;
    models::ToolCall call{.id = new_call_id(), .name = name, .arguments = json::Object()};
    for (const std::string_view key : {"arguments", "parameters"}) {
        const json::Value* given = json::find(value, key);
        if (given && given->is_object()) call.arguments = *given;
    }
    return call;
}

ToolCallScanner::Piece ToolCallScanner::finish() {
    Piece out;
    if (!found_) out.content = std::exchange(held_, {});
    return out;
}

void AnswerParser::add_content(GenerateEvent& out, const std::string& content) {
    if (!tools_) {
        out.content += content;
        return;
    }
    auto piece = tools_->push(content);
    out.content += piece.content;
    std::ranges::move(piece.calls, std::back_inserter(out.tool_calls));
}

GenerateEvent AnswerParser::push(const GenerateEvent& event) {
    GenerateEvent out;
    logprobs_.insert(logprobs_.end(), event.logprobs.begin(), event.logprobs.end());
    if (thinking_) {
        const auto piece = thinking_->push(event.content);
        out.thinking = piece.thinking;
        if (!piece.content.empty()) add_content(out, piece.content);
    } else {
        add_content(out, event.content);
    }
    const bool says_something =
        !out.content.empty() || !out.thinking.empty() || !out.tool_calls.empty();
    if (says_something) out.logprobs = std::exchange(logprobs_, {});
    return out;
}

GenerateEvent AnswerParser::finish() {
    GenerateEvent out;
    if (thinking_) {
        const auto piece = thinking_->finish();
        out.thinking = piece.thinking;
        if (!piece.content.empty()) add_content(out, piece.content);
    }
    if (tools_) out.content += tools_->finish().content;
    out.logprobs = std::exchange(logprobs_, {});
    return out;
}

}  // namespace moat::inference
