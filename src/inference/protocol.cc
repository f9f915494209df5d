#include "inference/protocol.h"

#include <algorithm>

#include "inference/protocol_fields.h"

namespace moat::inference {
namespace {

using json::Array;
using json::Object;
using json::Value;

Frame message(std::string_view type, RequestId id) {
    Frame frame;
    frame.header["type"] = type;
    if (id != 0) frame.header["id"] = static_cast<std::int64_t>(id);
    return frame;
}

Frame encode(const GpusCommand& /*command*/) {
    return message("gpus", 0);
}

Frame encode(const LoadCommand& command) {
    Frame frame = message("load", 0);
    frame.header["model"] = fields::encode(command.model);
    frame.header["context_length"] = command.context_length;
    frame.header["slots"] = command.slots;
    frame.header["pool"] = command.pool;
    frame.header["states"] = fields::encode(command.states);
    frame.header["gpus"] = fields::encode(command.gpus);
    frame.header["gpu_layers"] = command.gpu_layers;
    return frame;
}

Frame encode(const GenerateCommand& command) {
    Frame frame = message("generate", command.id);
    frame.header["owner"] = fields::encode(command.owner);
    frame.header["request"] = fields::encode(command.request, frame.payload);
    return frame;
}

Frame encode(const EmbedCommand& command) {
    Frame frame = message("embed", command.id);
    frame.header["texts"] = fields::encode(command.request.texts);
    frame.header["truncate"] = command.request.truncate;
    frame.header["normalize"] = command.request.normalize;
    if (command.request.query) frame.header["query"] = fields::encode(*command.request.query);
    return frame;
}

Frame encode(const RenderCommand& command) {
    Frame frame = message("render", command.id);
    frame.header["prompt"] = fields::encode(command.prompt);
    return frame;
}

Frame encode(const TokenizeCommand& command) {
    Frame frame = message("tokenize", command.id);
    frame.header["text"] = fields::encode(command.text.text);
    frame.header["add_special"] = command.text.add_special;
    frame.header["parse_special"] = command.text.parse_special;
    return frame;
}

Frame encode(const DetokenizeCommand& command) {
    Frame frame = message("detokenize", command.id);
    fields::append_numbers<std::int32_t>(frame.payload, command.tokens);
    return frame;
}

Frame encode(const CancelCommand& command) {
    return message("cancel", command.id);
}

Frame encode(const GpusReply& reply) {
    Frame frame = message("gpus", 0);
    Array gpus;
    for (const Gpu& gpu : reply.gpus)
        gpus.push_back(Object{
            {"name", fields::encode(gpu.name)},
            {"free_bytes", static_cast<std::int64_t>(gpu.free_bytes)}
        });
    frame.header["gpus"] = std::move(gpus);
    return frame;
}

Frame encode(const ProgressReply& reply) {
    Frame frame = message("progress", 0);
    frame.header["fraction"] = reply.fraction;
    return frame;
}

Frame encode(const LoadedReply& reply) {
    Frame frame = message("loaded", 0);
    frame.header["context_length"] = reply.context_length;
    frame.header["slots"] = reply.slots;
    frame.header["size_bytes"] = reply.size_bytes;
    frame.header["size_vram_bytes"] = reply.size_vram_bytes;
    return frame;
}

Frame encode(const EventReply& reply) {
    Frame frame = message("event", reply.id);
    fields::encode_into(frame.header, reply.event);
    return frame;
}

Frame encode(const GeneratedReply& reply) {
    Frame frame = message("finished", reply.id);
    fields::encode_into(frame.header, reply.result);
    fields::append_numbers<std::int32_t>(frame.payload, reply.result.tokens);
    return frame;
}

Frame encode(const EmbeddedReply& reply) {
    Frame frame = message("embedded", reply.id);
    const auto& vectors = reply.result.vectors;
    frame.header["count"] = static_cast<std::int64_t>(vectors.size());
    frame.header["prompt_tokens"] = reply.result.prompt_tokens;
    frame.header["total"] = reply.result.total.count();
    if (!vectors.empty()) {
        frame.payload.reserve(vectors.size() * vectors.front().size() * sizeof(float));
    }
    for (const auto& vector : vectors) {
        CHECK(vector.size() == vectors.front().size());
        fields::append_numbers<float>(frame.payload, vector);
    }
    return frame;
}

Frame encode(const TextReply& reply) {
    Frame frame = message("text", reply.id);
    frame.header["text"] = fields::encode(reply.text);
    return frame;
}

Frame encode(const TokensReply& reply) {
    Frame frame = message("tokens", reply.id);
    fields::append_numbers<std::int32_t>(frame.payload, reply.tokens);
    return frame;
}

Frame encode(const ErrorReply& reply) {
    Frame frame = message("error", reply.id);
    frame.header["code"] = to_string(reply.error.code);
    frame.header["message"] = fields::encode(reply.error.message);
    return frame;
}

Error corrupt(std::string_view what) {
    return Error{
        ErrorCode::corrupt, "a message between server and runner is damaged: " + std::string(what)
    };
}

RequestId id_in(const Value& header) {
    return static_cast<RequestId>(json::int_or(header, "id", 0));
}

int small(const Value& header, std::string_view key) {
    return static_cast<int>(json::int_or(header, key, 0));
}

Result<Reply> parse_embedded(const Value& header, std::string_view payload, RequestId id) {
    EmbedResult result;
    const auto count = static_cast<std::size_t>(json::int_or(header, "count", 0));
    TRY_ASSIGN(const auto numbers, fields::read_numbers<float>(payload));
    const bool fits =
        count == 0 ? numbers.empty() : count <= numbers.size() && numbers.size() % count == 0;
    if (!fits) return corrupt("vectors");
    const std::size_t width = count == 0 ? 0 : numbers.size() / count;
    for (std::size_t i = 0; i < count; ++i) {
        const auto* begin = numbers.data() + i * width;
        result.vectors.emplace_back(begin, begin + width);
    }
    result.prompt_tokens = small(header, "prompt_tokens");
    result.total = Duration(json::int_or(header, "total", 0));
    return Reply(EmbeddedReply{id, std::move(result)});
}

Result<Reply> parse_generated(const Value& header, std::string_view payload, RequestId id) {
    GeneratedReply reply{id, fields::parse_result(header)};
    TRY_ASSIGN(reply.result.tokens, fields::read_numbers<std::int32_t>(payload));
    return Reply(std::move(reply));
}

Reply parse_gpus(const Value& header) {
    GpusReply out;
    if (const Array* gpus = json::find_array(header, "gpus"))
        for (const Value& gpu : *gpus)
            out.gpus.push_back(
                {json::string_or(gpu, "name"),
                 static_cast<std::uint64_t>(
                     std::max<std::int64_t>(0, json::int_or(gpu, "free_bytes", 0))
                 )}
            );
    return out;
}

Reply parse_error(const Value& header, RequestId id) {
    return ErrorReply{
        id,
        Error{
            fields::parse_code(json::string_or(header, "code")), json::string_or(header, "message")
        }
    };
}

Reply parse_loaded(const Value& header) {
    return LoadedReply{
        small(header, "context_length"),
        small(header, "slots"),
        json::int_or(header, "size_bytes", 0),
        json::int_or(header, "size_vram_bytes", 0)
    };
}

}  // namespace

Frame to_frame(const Command& command) {
    return std::visit([](const auto& one) { return encode(one); }, command);
}

Frame to_frame(const Reply& reply) {
    return std::visit([](const auto& one) { return encode(one); }, reply);
}

Result<Command> parse_command(Frame frame) {
    const Value header = std::move(frame.header);
    const std::string type = json::string_or(header, "type");
    const RequestId id = id_in(header);
    if (type == "gpus") return Command(GpusCommand{});
    if (type == "load") {
        TRY_ASSIGN(ModelSource model, fields::parse_source(header));
        TRY_ASSIGN(StateCache states, fields::parse_states(header));
        return Command(LoadCommand{
            std::move(model),
            small(header, "context_length"),
            small(header, "slots"),
            small(header, "pool"),
            std::move(states),
            fields::parse_strings(header, "gpus"),
            static_cast<int>(json::int_or(header, "gpu_layers", -1))
        });
    }
    if (id == 0) return corrupt("no id");
    if (type == "generate") {
        TRY_ASSIGN(GenerateRequest request, fields::parse_request(header, frame.payload));
        return Command(GenerateCommand{id, json::string_or(header, "owner"), std::move(request)});
    }
    if (type == "embed") {
        EmbedRequest request;
        request.texts = fields::parse_strings(header, "texts");
        request.truncate = json::bool_or(header, "truncate", true);
        request.normalize = json::bool_or(header, "normalize", true);
        if (const auto* query = json::find_string(header, "query"))
            request.query = std::string(json::view(*query));
        return Command(EmbedCommand{id, std::move(request)});
    }
    if (type == "render") {
        TRY_ASSIGN(ChatPrompt prompt, fields::parse_prompt(header, "prompt"));
        return Command(RenderCommand{id, std::move(prompt)});
    }
    if (type == "tokenize") {
        return Command(TokenizeCommand{
            id,
            {json::string_or(header, "text"),
             json::bool_or(header, "add_special", true),
             json::bool_or(header, "parse_special", true)}
        });
    }
    if (type == "detokenize") {
        TRY_ASSIGN(auto tokens, fields::read_numbers<std::int32_t>(frame.payload));
        return Command(DetokenizeCommand{id, std::move(tokens)});
    }
    if (type == "cancel") return Command(CancelCommand{id});
    return corrupt("unknown command");
}

Result<Reply> parse_reply(Frame frame) {
    const Value header = std::move(frame.header);
    const std::string type = json::string_or(header, "type");
    const RequestId id = id_in(header);
    if (type == "error") return parse_error(header, id);
    if (type == "gpus") return parse_gpus(header);
    if (type == "progress") return Reply(ProgressReply{json::number_or(header, "fraction", 0)});
    if (type == "loaded") return parse_loaded(header);
    if (id == 0) return corrupt("no id");
    if (type == "event") return Reply(EventReply{id, fields::parse_event(header)});
    if (type == "finished") return parse_generated(header, frame.payload, id);
    if (type == "embedded") return parse_embedded(header, frame.payload, id);
    if (type == "text") return Reply(TextReply{id, json::string_or(header, "text")});
    if (type == "tokens") {
        TRY_ASSIGN(auto tokens, fields::read_numbers<std::int32_t>(frame.payload));
        return Reply(TokensReply{id, std::move(tokens)});
    }
    return corrupt("unknown reply");
}

RequestId id_of(const Reply& reply) {
    return std::visit(
        [](const auto& one) -> RequestId {
            if constexpr (requires { one.id; }) return one.id;
            return 0;
        },
        reply
    );
}

}  // namespace moat::inference
