#include "models/registry/blob_upload.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "models/registry/url.h"

namespace moat::models {
namespace {

constexpr std::size_t kMaxReplyBytes = std::size_t{1} << 20;

}  // namespace

Result<std::string> next_upload_address(const TransferReply& reply) {
    // Ollama's registry has two: where this part is stored, and where the upload goes on.
    std::string_view next = reply.header("docker-upload-location");
    if (next.empty()) next = reply.header("location");
    const auto base = parse_url(reply.url);
    if (next.empty() || !base)
        return Error{ErrorCode::corrupt, "the registry does not say where an upload goes on"};
    TRY_ASSIGN(const Url url, resolve(*base, next));
    return url.text();
}

Result<BlobUpload> BlobUpload::open(
    const std::filesystem::path& file,
    const Layer& layer,
    RegistrySession& session,
    const DownloadSettings& settings
) {
    Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return Error{
            ErrorCode::corrupt,
            fmt::format("blob {} of the model cannot be read", digest_text(layer.digest))
        };
    return BlobUpload(std::move(fd), layer, session, settings);
}

Status BlobUpload::send(std::string url, const Progress& progress, const std::stop_token& stop) {
    progress_ = &progress;
    stop_ = stop;
    const auto parts = plan_parts(layer_.size, settings_.parts);
    for (const BlobPart& part : parts) {
        TRY_ASSIGN(url, send_part(url, part));
        digests_.update(part_digest_.finish());
        progress(part.offset + part.size);
    }
    return finish(url, parts.size());
}

Result<std::string> BlobUpload::send_part(const std::string& url, const BlobPart& part) {
    for (int tries = 1;; ++tries) {
        auto next = try_part(url, part);
        if (next || !is_transient(next.error().code) || tries >= settings_.max_tries) return next;
        if (!settings_.wait(settings_.retry_delay * (1 << std::min(tries - 1, 6)), stop_))
            return Error{ErrorCode::cancelled, "the push was stopped"};
        (*progress_)(part.offset);
    }
}

// PATCH to the registry, which takes the bytes or (307) says where to PUT them.
Result<std::string> BlobUpload::try_part(const std::string& url, const BlobPart& part) {
    TransferRequest request{.method = "PATCH", .url = url};
    request.headers = {
        {"Content-Type", "application/octet-stream"},
        {"Content-Range", fmt::format("{}-{}", part.offset, part.offset + part.size - 1)},
        {"X-Redirect-Uploads", "1"}
    };
    if (part.size == 0) request.headers.erase(request.headers.begin() + 1);
    TRY_ASSIGN(const TransferReply reply, transfer(request, part));
    if (reply.status == 307) {
        TRY_ASSIGN(const Url base, parse_url(reply.url));
        TRY_ASSIGN(const Url place, resolve(base, reply.header("location")));
        if (base.scheme == "https" && place.scheme == "http")
            return Error{ErrorCode::corrupt, "the registry redirects from https to http"};
        TRY_ASSIGN(
            const TransferReply stored, transfer({.method = "PUT", .url = place.text()}, part)
        );
        if (stored.status >= 300) return error_of_status(stored);
    } else if (reply.status >= 300) {
        return error_of_status(reply);
    }
    return next_upload_address(reply);
}

Result<TransferReply> BlobUpload::transfer(TransferRequest request, const BlobPart& part) {
    std::int64_t sent = 0;
    request.max_reply_bytes = kMaxReplyBytes;
    request.stall_limit = settings_.stall_limit;
    request.body_source_bytes = static_cast<std::uint64_t>(part.size);
    request.body_rewind = [this, &sent] {
        part_digest_ = Md5Stream();
        sent = 0;
    };
    request.body_source = [this, &part, &sent](std::span<std::byte> out) -> Result<std::size_t> {
        const auto left = static_cast<std::size_t>(part.size - sent);
        out = out.first(std::min(out.size(), left));
        const auto count = ::pread(file_.get(), out.data(), out.size(), part.offset + sent);
        if (count < 0 || (count == 0 && left > 0))
            return Error{ErrorCode::corrupt, "a blob of the model cannot be read to its end"};
        part_digest_.update(out.first(static_cast<std::size_t>(count)));
        sent += count;
        (*progress_)(part.offset + sent);
        return static_cast<std::size_t>(count);
    };
    return session_.send(std::move(request), nullptr, stop_);
}

Status BlobUpload::finish(const std::string& url, std::size_t parts) {
    const std::string etag = fmt::format("{}-{}", to_hex(digests_.finish()), parts);
    TransferRequest request{
        .method = "PUT",
        .url = with_query(with_query(url, "digest", digest_text(layer_.digest)), "etag", etag)
    };
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    TRY_ASSIGN(const TransferReply reply, session_.send(std::move(request), nullptr, stop_));
    if (reply.status >= 300) return error_of_status(reply);
    return Ok{};
}

}  // namespace moat::models
