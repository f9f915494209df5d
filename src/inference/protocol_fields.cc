#include "inference/protocol_fields.h"

#include <array>
#include <limits>

#include "base/bytes.h"

namespace moat::inference::fields {
namespace {

using json::Array;
using json::Object;
using json::Value;

Value encode_paths(const std::vector<std::filesystem::path>& paths) {
    Array out;
    for (const auto& path : paths)
        out.emplace_back(to_base64(bytes_of(path.native())));
    return out;
}

// Paths are bytes, not text.
Value encode_path(const std::filesystem::path& path) {
    return Value(to_base64(bytes_of(path.native())));
}

Result<std::filesystem::path> parse_path(std::string_view base64) {
    TRY_ASSIGN(const Bytes bytes, from_base64(base64));
    return std::filesystem::path(std::string(text_of(bytes)));
}

Object encode_load(const LoadOptions& load) {
    Object out;
    out["num_ctx"] = load.num_ctx;
    out["num_batch"] = load.num_batch;
    out["num_gpu"] = load.num_gpu;
    out["num_thread"] = load.num_thread;
    if (load.main_gpu) out["main_gpu"] = *load.main_gpu;
    if (load.use_mmap) out["use_mmap"] = *load.use_mmap;
    if (load.flash_attention) out["flash_attention"] = *load.flash_attention;
    out["cache_type"] = load.cache_type;
    return out;
}

int small(const Value& parent, std::string_view key, int fallback) {
    return static_cast<int>(json::int_or(parent, key, fallback));
}

LoadOptions parse_load(const Value& in) {
    LoadOptions load;
    load.num_ctx = small(in, "num_ctx", load.num_ctx);
    load.num_batch = small(in, "num_batch", load.num_batch);
    load.num_gpu = small(in, "num_gpu", load.num_gpu);
    load.num_thread = small(in, "num_thread", load.num_thread);
    if (json::find(in, "main_gpu") != nullptr) load.main_gpu = small(in, "main_gpu", 0);
    if (json::find(in, "use_mmap") != nullptr) load.use_mmap = json::bool_or(in, "use_mmap", true);
    if (json::find(in, "flash_attention") != nullptr)
        load.flash_attention = json::bool_or(in, "flash_attention", true);
    load.cache_type = json::string_or(in, "cache_type", load.cache_type);
    return load;
}

Value encode_calls(const std::vector<models::ToolCall>& calls) {
    Array out;
    for (const auto& call : calls) {
        Object one;
        one["id"] = encode(call.id);
        one["name"] = encode(call.name);
        one["arguments"] = call.arguments;
        out.push_back(std::move(one));
    }
    return out;
}

std::vector<models::ToolCall> parse_calls(const Value& parent) {
    std::vector<models::ToolCall> calls;
    const Array* in = json::find_array(parent, "tool_calls");
    if (in == nullptr) return calls;
    for (const Value& one : *in) {
        const Value* arguments = json::find(one, "arguments");
        calls.push_back(
            {json::string_or(one, "id"),
             json::string_or(one, "name"),
             arguments == nullptr ? Value(Object{}) : *arguments}
        );
    }
    return calls;
}

Object encode_message(const models::ChatMessage& message) {
    Object out;
    out["role"] = encode(message.role);
    out["content"] = encode(message.content);
    if (!message.thinking.empty()) out["thinking"] = encode(message.thinking);
    if (!message.tool_calls.empty()) out["tool_calls"] = encode_calls(message.tool_calls);
    if (!message.tool_name.empty()) out["tool_name"] = encode(message.tool_name);
    if (!message.tool_call_id.empty()) out["tool_call_id"] = encode(message.tool_call_id);
    return out;
}

// Only their sizes; the bytes go to the payload.
Array encode_media(const std::vector<std::string>& media, std::string& payload) {
    Array sizes;
    for (const std::string& file : media) {
        sizes.emplace_back(static_cast<std::int64_t>(file.size()));
        payload += file;
    }
    return sizes;
}

// Takes them off the front of `payload`.
Result<std::vector<std::string>> parse_media(const Value& in, std::string_view& payload) {
    std::vector<std::string> media;
    const Array* sizes = json::find_array(in, "media");
    if (sizes == nullptr) return media;
    for (const Value& size : *sizes) {
        const auto bytes = size.is_int64() ? static_cast<std::uint64_t>(size.get_int64()) : 0;
        if (bytes > payload.size()) {
            return Error{ErrorCode::corrupt, "an image between server and runner is cut short"};
        }
        media.emplace_back(payload.substr(0, bytes));
        payload.remove_prefix(bytes);
    }
    return media;
}

Value encode_logprobs(const std::vector<TokenLogprob>& logprobs) {
    const auto base64 = [](const std::string& token) { return to_base64(bytes_of(token)); };
    Array out;
    for (const auto& one : logprobs) {
        Array top;
        for (const auto& candidate : one.top) {
            top.push_back(Array{base64(candidate.token), candidate.logprob});
        }
        out.push_back(Array{base64(one.token), one.logprob, std::move(top)});
    }
    return out;
}

TokenLogprob::Candidate parse_candidate(const Value& in) {
    TokenLogprob::Candidate out{"", 0};
    const Array* pair = in.if_array();
    if (pair == nullptr || pair->size() < 2 || !(*pair)[0].is_string()) return out;
    if (const auto bytes = from_base64(json::view((*pair)[0].get_string()))) {
        out.token = text_of(*bytes);
    }
    const Value& number = (*pair)[1];  // null stands for minus infinity
    out.logprob = number.is_number() ? static_cast<float>(number.to_number<double>())
                                     : -std::numeric_limits<float>::infinity();
    return out;
}

std::vector<TokenLogprob> parse_logprobs(const Value& parent) {
    std::vector<TokenLogprob> out;
    const Array* in = json::find_array(parent, "logprobs");
    if (in == nullptr) return out;
    for (const Value& one : *in) {
        auto [token, logprob] = parse_candidate(one);
        TokenLogprob entry{std::move(token), logprob, {}};
        const Array* parts = one.if_array();
        const Array* top = parts != nullptr && parts->size() > 2 ? (*parts)[2].if_array() : nullptr;
        if (top != nullptr) {
            for (const Value& candidate : *top)
                entry.top.push_back(parse_candidate(candidate));
        }
        out.push_back(std::move(entry));
    }
    return out;
}

Value encode_prompt(const GenerateRequest& request, std::string& payload) {
    Object out;
    if (const auto* text = std::get_if<std::string>(&request.prompt)) {
        out["text"] = encode(*text);
    } else if (const auto* chat = std::get_if<ChatPrompt>(&request.prompt)) {
        out["chat"] = encode(*chat);
    } else {
        const auto& tokens = std::get<std::vector<std::int32_t>>(request.prompt);
        append_numbers<std::int32_t>(payload, tokens);
        out["tokens"] = static_cast<std::int64_t>(tokens.size());
    }
    return out;
}

Status parse_prompt_into(GenerateRequest& request, const Value& header, std::string_view payload) {
    const Value* prompt = json::find(header, "prompt");
    if (prompt == nullptr) return Error{ErrorCode::corrupt, "a request for a runner has no prompt"};
    if (json::find(*prompt, "chat") != nullptr) {
        TRY_ASSIGN(request.prompt, parse_prompt(*prompt, "chat"));
    } else if (json::find(*prompt, "tokens") != nullptr) {
        TRY_ASSIGN(request.prompt, read_numbers<std::int32_t>(payload));
    } else {
        request.prompt = json::string_or(*prompt, "text");
    }
    return Ok{};
}

}  // namespace

Value encode(std::string_view text) {
    if (is_utf8(text)) return Value(text);
    return Value(to_valid_utf8(text));
}

Value encode(const std::vector<std::string>& texts) {
    Array out;
    out.reserve(texts.size());
    for (const auto& text : texts)
        out.push_back(encode(text));
    return out;
}

Value encode(const ModelSource& model) {
    Object out;
    out["key"] = encode(model.key);
    out["name"] = encode(model.name);
    out["gguf"] = encode_path(model.gguf);
    out["shards"] = encode_paths(model.shards);
    out["adapters"] = encode_paths(model.adapters);
    out["projector"] = encode_path(model.projector);
    out["draft"] = encode_path(model.draft);
    out["embedding"] = model.embedding;
    out["load"] = encode_load(model.load);
    return out;
}

Value encode(const StateCache& states) {
    Object out;
    out["memory_bytes"] = static_cast<std::int64_t>(states.memory_bytes);
    out["folder"] = encode_path(states.folder);
    out["disk_bytes"] = static_cast<std::int64_t>(states.disk_bytes);
    return out;
}

Value encode(const GenerateRequest& request, std::string& payload) {
    Object out;
    if (!request.media.empty()) {
        out["media"] = encode_media(request.media, payload);
        out["media_nonce"] = encode(request.media_nonce);
    }
    out["prompt"] = encode_prompt(request, payload);
    out["add_bos"] = request.add_bos;
    out["sampling"] = encode(request.sampling);
    out["stop"] = encode(request.stop);
    out["num_predict"] = request.num_predict;
    out["num_keep"] = request.num_keep;
    out["draft_num_predict"] = request.draft_num_predict;
    out["lookup_num_predict"] = request.lookup_num_predict;
    out["shift"] = request.shift;
    out["grammar"] = encode(request.grammar);
    out["json_schema"] = encode(request.json_schema);
    if (request.thought) {
        Object thought;
        thought["open"] = encode(request.thought->open);
        thought["close"] = encode(request.thought->close);
        thought["begun"] = request.thought->begun;
        out["thought"] = std::move(thought);
    }
    if (request.calls) {
        Object calls;
        calls["before"] = encode(request.calls->before);
        calls["schema"] = encode(request.calls->schema);
        calls["several"] = request.calls->several;
        out["calls"] = std::move(calls);
    }
    out["shown_tokens"] = encode(request.shown_tokens);
    out["top_logprobs"] = request.top_logprobs;
    out["cache_domain"] = encode(request.cache_domain);
    out["public_messages"] = static_cast<std::int64_t>(request.public_messages);
    out["public_text"] = encode(request.public_text);
    return out;
}

Value encode(const ChatPrompt& prompt) {
    Object out;
    Array messages;
    for (const auto& message : prompt.messages)
        messages.push_back(encode_message(message));
    out["messages"] = std::move(messages);
    if (!prompt.tools.is_null()) out["tools"] = prompt.tools;
    if (prompt.think) out["think"] = *prompt.think;
    out["tool_choice"] = encode(prompt.tool_choice);
    out["parallel_tool_calls"] = prompt.parallel_tool_calls;
    return out;
}

void encode_into(Object& header, const GenerateEvent& event) {
    if (!event.content.empty()) header["content"] = encode(event.content);
    if (!event.thinking.empty()) header["thinking"] = encode(event.thinking);
    if (!event.tool_calls.empty()) header["tool_calls"] = encode_calls(event.tool_calls);
    if (!event.logprobs.empty()) header["logprobs"] = encode_logprobs(event.logprobs);
}

void encode_into(Object& header, const GenerateResult& result) {
    header["reason"] = result.reason == FinishReason::length ? "length" : "stop";
    if (!result.stop_string.empty()) header["stop_string"] = encode(result.stop_string);
    header["prompt_tokens"] = result.prompt_tokens;
    header["cached_tokens"] = result.cached_tokens;
    if (result.dropped_tokens > 0) header["dropped_tokens"] = result.dropped_tokens;
    header["generated_tokens"] = result.generated_tokens;
    if (result.guessed_tokens > 0) header["guessed_tokens"] = result.guessed_tokens;
    if (result.right_guesses > 0) header["right_guesses"] = result.right_guesses;
    header["prompt"] = result.prompt.count();
    header["generate"] = result.generate.count();
    header["total"] = result.total.count();
}

std::vector<std::string> parse_strings(const Value& parent, std::string_view key) {
    std::vector<std::string> out;
    const Array* in = json::find_array(parent, key);
    if (in == nullptr) return out;
    for (const Value& one : *in) {
        out.emplace_back(one.is_string() ? json::view(one.get_string()) : std::string_view());
    }
    return out;
}

Result<ModelSource> parse_source(const Value& header) {
    const Value* in = json::find(header, "model");
    if (in == nullptr) return Error{ErrorCode::corrupt, "a load command names no model"};
    ModelSource model;
    model.key = json::string_or(*in, "key");
    model.name = json::string_or(*in, "name");
    TRY_ASSIGN(model.gguf, parse_path(json::string_or(*in, "gguf")));
    TRY_ASSIGN(model.projector, parse_path(json::string_or(*in, "projector")));
    TRY_ASSIGN(model.draft, parse_path(json::string_or(*in, "draft")));
    for (const auto& shard : parse_strings(*in, "shards")) {
        TRY_ASSIGN(auto path, parse_path(shard));
        model.shards.push_back(std::move(path));
    }
    for (const auto& adapter : parse_strings(*in, "adapters")) {
        TRY_ASSIGN(auto path, parse_path(adapter));
        model.adapters.push_back(std::move(path));
    }
    model.embedding = json::bool_or(*in, "embedding", false);
    if (const Value* load = json::find(*in, "load")) model.load = parse_load(*load);
    return model;
}

Result<StateCache> parse_states(const Value& header) {
    StateCache states;
    const Value* in = json::find(header, "states");
    if (in == nullptr) return states;
    states.memory_bytes = static_cast<std::uint64_t>(json::int_or(*in, "memory_bytes", 0));
    states.disk_bytes = static_cast<std::uint64_t>(json::int_or(*in, "disk_bytes", 0));
    TRY_ASSIGN(states.folder, parse_path(json::string_or(*in, "folder")));
    return states;
}

Result<GenerateRequest> parse_request(const Value& header, std::string_view payload) {
    const Value* in = json::find(header, "request");
    if (in == nullptr) return Error{ErrorCode::corrupt, "a generate command is empty"};
    GenerateRequest request;
    TRY_ASSIGN(request.media, parse_media(*in, payload));
    request.media_nonce = json::string_or(*in, "media_nonce");
    TRY(parse_prompt_into(request, *in, payload));
    request.add_bos = json::bool_or(*in, "add_bos", true);
    if (const Value* sampling = json::find(*in, "sampling")) {
        request.sampling = parse_sampling(*sampling);
    }
    request.stop = parse_strings(*in, "stop");
    request.num_predict = small(*in, "num_predict", -1);
    request.num_keep = small(*in, "num_keep", 4);
    request.draft_num_predict = small(*in, "draft_num_predict", 4);
    request.lookup_num_predict = small(*in, "lookup_num_predict", 0);
    request.shift = json::bool_or(*in, "shift", true);
    request.grammar = json::string_or(*in, "grammar");
    request.json_schema = json::string_or(*in, "json_schema");
    if (const Value* thought = json::find(*in, "thought"))
        request.thought = ThoughtMarks{
            .open = json::string_or(*thought, "open"),
            .close = json::string_or(*thought, "close"),
            .begun = json::bool_or(*thought, "begun", false)
        };
    if (const Value* calls = json::find(*in, "calls"))
        request.calls = ForcedCalls{
            .before = json::string_or(*calls, "before"),
            .schema = json::string_or(*calls, "schema"),
            .several = json::bool_or(*calls, "several", false)
        };
    request.shown_tokens = parse_strings(*in, "shown_tokens");
    request.top_logprobs = small(*in, "top_logprobs", -1);
    request.cache_domain = json::string_or(*in, "cache_domain");
    const std::int64_t messages = json::int_or(*in, "public_messages", 0);
    request.public_messages = static_cast<std::size_t>(std::max<std::int64_t>(messages, 0));
    request.public_text = json::string_or(*in, "public_text");
    return request;
}

Result<ChatPrompt> parse_prompt(const Value& parent, std::string_view key) {
    const Value* in = json::find(parent, key);
    if (in == nullptr) return Error{ErrorCode::corrupt, "a chat for a runner is missing"};
    ChatPrompt prompt;
    if (const Array* messages = json::find_array(*in, "messages")) {
        for (const Value& one : *messages) {
            models::ChatMessage message;
            message.role = json::string_or(one, "role");
            message.content = json::string_or(one, "content");
            message.thinking = json::string_or(one, "thinking");
            message.tool_calls = parse_calls(one);
            message.tool_name = json::string_or(one, "tool_name");
            message.tool_call_id = json::string_or(one, "tool_call_id");
            prompt.messages.push_back(std::move(message));
        }
    }
    if (const Value* tools = json::find(*in, "tools")) prompt.tools = *tools;
    if (json::find(*in, "think") != nullptr) prompt.think = json::bool_or(*in, "think", false);
    prompt.tool_choice = json::string_or(*in, "tool_choice");
    prompt.parallel_tool_calls = json::bool_or(*in, "parallel_tool_calls", true);
    return prompt;
}

GenerateEvent parse_event(const Value& header) {
    return {
        json::string_or(header, "content"),
        json::string_or(header, "thinking"),
        parse_calls(header),
        parse_logprobs(header)
    };
}

GenerateResult parse_result(const Value& header) {
    GenerateResult result;
    if (json::string_or(header, "reason") == "length") result.reason = FinishReason::length;
    result.stop_string = json::string_or(header, "stop_string");
    result.prompt_tokens = small(header, "prompt_tokens", 0);
    result.cached_tokens = small(header, "cached_tokens", 0);
    result.dropped_tokens = small(header, "dropped_tokens", 0);
    result.generated_tokens = small(header, "generated_tokens", 0);
    result.guessed_tokens = small(header, "guessed_tokens", 0);
    result.right_guesses = small(header, "right_guesses", 0);
    result.prompt = Duration(json::int_or(header, "prompt", 0));
    result.generate = Duration(json::int_or(header, "generate", 0));
    result.total = Duration(json::int_or(header, "total", 0));
    return result;
}

ErrorCode parse_code(std::string_view name) {
    constexpr std::array kCodes{
        ErrorCode::invalid_argument,
        ErrorCode::unauthenticated,
        ErrorCode::forbidden,
        ErrorCode::not_found,
        ErrorCode::conflict,
        ErrorCode::too_large,
        ErrorCode::corrupt,
        ErrorCode::io,
        ErrorCode::busy,
        ErrorCode::timed_out,
        ErrorCode::cancelled,
        ErrorCode::unsupported
    };
    for (const ErrorCode code : kCodes) {
        if (to_string(code) == name) return code;
    }
    return ErrorCode::internal;
}

}  // namespace moat::inference::fields
