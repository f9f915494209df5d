#include "api/ollama/chat_request.h"

#include "api/ollama/request_fields.h"
#include "api/request/go_json.h"
#include "models/model_name.h"

namespace moat::api::ollama {
namespace {

models::ToolCall read_tool_call(GoStruct& in) {
    models::ToolCall call;
    in.read("id", call.id);
    json::Object arguments;
    if (auto function = in.child("function", "api.ToolCallFunction")) {
        function->read("name", call.name);
        function->read("arguments", arguments);
    }
    call.arguments = std::move(arguments);
    return call;
}

models::ChatMessage read_message(GoStruct& in) {
    models::ChatMessage message;
    in.read("role", message.role);
    message.role = models::ascii_lower(message.role);
    in.read("content", message.content);
    in.read("thinking", message.thinking);
    in.read("tool_name", message.tool_name);
    in.read("tool_call_id", message.tool_call_id);
    message.images = images_field(in);
    for (GoStruct& call : in.children("tool_calls", "api.ToolCall"))
        message.tool_calls.push_back(read_tool_call(call));
    return message;
}

// Kept as they are: what a tool's schema may hold is the model's business.
json::Value read_tools(GoStruct& in) {
    for (GoStruct& tool : in.children("tools", "api.Tool")) {
        std::string name;
        if (auto function = tool.child("function", "api.ToolFunction"))
            function->read("name", name);
        if (name.empty()) tool.fail("every tool needs a function with a name");
    }
    const json::Value* given = in.find("tools");
    return given && given->is_array() && !given->get_array().empty() ? *given : json::Value();
}

}  // namespace

Result<Chat> read_chat(std::string_view body) {
    TRY_ASSIGN(const json::Value value, read_go_json(body));
    GoDecoding decoding;
    GoStruct in(decoding, value, "api.ChatRequest");
    Chat out;
    inference::ChatRequest& request = out.request;
    in.read("model", request.model);
    in.read("stream", out.stream);
    in.read("truncate", request.truncate);
    in.read("shift", request.shift);
    in.read("_debug_render_only", out.render_only);
    in.read("load_progress", request.tell_loading);  // beyond Ollama's
    for (GoStruct& message : in.children("messages", "api.Message"))
        request.messages.push_back(read_message(message));
    request.tools = read_tools(in);
    request.format = any_field(in, "format");
    request.options = options_field(in);
    request.keep_alive = keep_alive_field(in);
    request.top_logprobs = logprobs_field(in);
    const Think think = think_field(in);
    request.think = think.on;
    request.think_level = think.level;
    TRY(decoding.status());
    request.tell_loading &= out.stream;
    return out;
}

}  // namespace moat::api::ollama
