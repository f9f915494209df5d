#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"

// One conversation as models see it, whatever protocol it came by.
namespace moat::models {

struct ToolCall {
    std::string id{};
    std::string name{};
    json::Value arguments{};  // an object, keys in order
};

struct ChatMessage {
    std::string role{};  // system, user, assistant, tool
    std::string content{};
    std::string thinking{};
    std::vector<std::string> images{};  // or sounds: the file of each
    // Where in `content` each stands: so many bytes come before it. Empty: in front, or where the
    // content says [img].
    std::vector<std::size_t> image_places{};
    std::vector<ToolCall> tool_calls{};
    std::string tool_name{};
    std::string tool_call_id{};
};

}  // namespace moat::models
