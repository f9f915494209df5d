#include "models/quantizer_process.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/child_process.h"

namespace moat::models {
namespace {

std::string encode(const std::filesystem::path& path) {
    return to_base64(bytes_of(path.native()));
}

Result<std::filesystem::path> decode(std::string_view base64) {
    TRY_ASSIGN(const Bytes bytes, from_base64(base64));
    return std::filesystem::path(std::string(text_of(bytes)));
}

Error ended(ChildProcess& child) {
    if (!child.wait(std::chrono::seconds(5))) child.kill();
    child.wait(std::chrono::seconds(5));
    return Error{
        ErrorCode::internal,
        fmt::format(
            "the process that quantizes ended by {}: the file may be one it cannot read, or there "
            "was too little memory",
            child.ending()
        )
    };
}

}  // namespace

Frame to_frame(const QuantizeJob& job) {
    json::Array sources;
    for (const auto& source : job.sources)
        sources.push_back(json::Value(encode(source)));
    Frame frame{
        .header =
            {{"sources", std::move(sources)},
             {"target", encode(job.target)},
             {"type", job.type.id},
             {"copies", job.type.copies}},
        .payload = {}
    };
    if (job.importance) {
        frame.header["importance"] = encode(job.importance->path);
        frame.header["importance_name"] = encode(job.importance->name);
    }
    return frame;
}

Result<QuantizeJob> parse_quantize_job(const Frame& frame) {
    const json::Value header = frame.header;
    const json::Array* sources = json::find_array(header, "sources");
    const Error wrong{ErrorCode::corrupt, "this is no order to quantize"};
    if (sources == nullptr || sources->empty()) return wrong;
    QuantizeJob job;
    for (const auto& source : *sources) {
        if (!source.is_string()) return wrong;
        TRY_ASSIGN(auto path, decode(json::view(source.get_string())));
        job.sources.push_back(std::move(path));
    }
    TRY_ASSIGN(job.target, decode(json::string_or(header, "target")));
    job.type.id = json::int_or(header, "type", -1);
    job.type.copies = json::bool_or(header, "copies", false);
    if (json::find(header, "importance") != nullptr) {
        TRY_ASSIGN(const auto path, decode(json::string_or(header, "importance")));
        TRY_ASSIGN(const auto name, decode(json::string_or(header, "importance_name")));
        job.importance = ImportanceFile{.path = path, .name = name.native()};
    }
    return job;
}

Status QuantizerProcess::quantize(
    const QuantizeJob& job, const std::function<void(double)>& progress
) {
    TRY_ASSIGN(SocketPair sockets, make_socket_pair());
    TRY_ASSIGN(ChildProcess child, ChildProcess::start(command_, sockets.child));
    sockets.child.reset();
    FrameChannel channel(std::move(sockets.parent));
    const Frame order = to_frame(job);
    // A child that is gone shows below.
    (void)channel.write(order.header);
    for (;;) {
        const auto frame = channel.read();
        if (!frame) return ended(child);
        const json::Value header = frame->header;
        if (json::find(header, "done") != nullptr) return Ok{};
        if (json::find(header, "error") != nullptr)
            return Error{ErrorCode::unsupported, json::string_or(header, "error")};
        progress(json::number_or(header, "fraction", 0));
    }
}

}  // namespace moat::models
