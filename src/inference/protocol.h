#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/frame_channel.h"
#include "base/result.h"
#include "inference/engine.h"
#include "inference/placement.h"

// What a server and a runner say to each other, as structs and as frames.
//
// The first frame of a server is a GpusCommand, which a GpusReply answers and which ends the
// runner, or a LoadCommand; the runner answers with any number of ProgressReply, then LoadedReply,
// or ErrorReply with id 0 and exits. After that, any number of requests are in flight at once, told
// apart by ids which the server chooses (never 0). Each is answered by EventReply (generate only),
// then exactly one of its result or ErrorReply. A CancelCommand asks for the ErrorReply `cancelled`
// soon; for an id that is done it means nothing. When the socket closes the runner ends.
//
// Format:  header {"type": "...", "id": n, ...}; payload: vectors (float32), tokens (int32),
//          images and sounds (whole files), little-endian, of the counts in the header.
// Threads: any; nothing here keeps state. Errors: corrupt for a frame that is no such message.
namespace moat::inference {

using RequestId = std::uint64_t;

struct GpusCommand {};
// `context_length` and `slots` are already decided; the runner may lower them, never raise them.
struct LoadCommand {
    ModelSource model;
    int context_length = 4096;  // tokens one request may use
    int slots = 1;              // requests generating at once
    int pool = 0;               // tokens all of them together may use; 0: slots x context_length
    StateCache states;
    std::vector<std::string> gpus;  // by llama.cpp's names; empty: what the layers say
    int gpu_layers = -1;            // on graphics cards; -1: all
};
struct GenerateCommand {
    RequestId id = 0;
    std::string owner;  // owners wait in turns
    GenerateRequest request;
};
struct EmbedCommand {
    RequestId id = 0;
    EmbedRequest request;
};
struct RenderCommand {
    RequestId id = 0;
    ChatPrompt prompt;
};
struct TokenizeCommand {
    RequestId id = 0;
    TokenizeText text;
};
struct DetokenizeCommand {
    RequestId id = 0;
    std::vector<std::int32_t> tokens;
};
struct CancelCommand {
    RequestId id = 0;
};
using Command = std::variant<
    GpusCommand,
    LoadCommand,
    GenerateCommand,
    EmbedCommand,
    RenderCommand,
    TokenizeCommand,
    DetokenizeCommand,
    CancelCommand>;

struct GpusReply {
    std::vector<Gpu> gpus;
};
struct ProgressReply {
    double fraction = 0;  // of the load, 0..1
};
struct LoadedReply {
    int context_length = 0;
    int slots = 0;
    std::int64_t size_bytes = 0;
    std::int64_t size_vram_bytes = 0;
};
struct EventReply {
    RequestId id = 0;
    GenerateEvent event;
};
struct GeneratedReply {
    RequestId id = 0;
    GenerateResult result;
};
struct EmbeddedReply {
    RequestId id = 0;
    EmbedResult result;
};
struct TextReply {
    RequestId id = 0;
    std::string text;
};
struct TokensReply {
    RequestId id = 0;
    std::vector<std::int32_t> tokens;
};
struct ErrorReply {
    RequestId id = 0;  // 0: of the load
    Error error{ErrorCode::internal, ""};
};
using Reply = std::variant<
    GpusReply,
    ProgressReply,
    LoadedReply,
    EventReply,
    GeneratedReply,
    EmbeddedReply,
    TextReply,
    TokensReply,
    ErrorReply>;

Frame to_frame(const Command& command);
Frame to_frame(const Reply& reply);
Result<Command> parse_command(Frame frame);
Result<Reply> parse_reply(Frame frame);

// The request a reply belongs to; 0 for those of the load.
RequestId id_of(const Reply& reply);

}  // namespace moat::inference
