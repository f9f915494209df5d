#include "cli/api_client.h"

#include <fstream>

#include <fmt/core.h>

namespace moat::cli {
namespace {

ErrorCode code_of(int status) {
    switch (status) {
        case 400:
            return ErrorCode::invalid_argument;
        case 401:
            return ErrorCode::unauthenticated;
        case 403:
            return ErrorCode::forbidden;
        case 404:
            return ErrorCode::not_found;
        case 409:
            return ErrorCode::conflict;
        case 413:
            return ErrorCode::too_large;
        case 503:
            return ErrorCode::busy;
        default:
            return ErrorCode::internal;
    }
}

// {"error":"text"} of the Ollama routes, {"error":{"message":"text"}} of the others, and of
// Weaviate's {"error":[{"message":"text"}]}, which without a key is {"code":401,"message":"text"}.
std::optional<std::string> error_text(const json::Value& body) {
    const json::Value* error = json::find(body, "error");
    if (error == nullptr && json::int_or(body, "code", 0) >= 400)
        return json::string_or(body, "message");
    if (error == nullptr) return std::nullopt;
    const json::Array* list = error->if_array();
    if (list != nullptr && !list->empty()) error = &list->front();
    if (const auto* text = error->if_string()) return std::string(json::view(*text));
    return json::string_or(*error, "message", "the server reported an error without a text");
}

Error error_of(const HttpReply& reply) {
    const auto body = json::read(reply.body);
    const auto text = body ? error_text(*body) : std::nullopt;
    if (text) return Error{code_of(reply.status), *text};
    const std::string plain = reply.body.empty() ? "no explanation" : reply.body.substr(0, 200);
    return Error{
        code_of(reply.status), fmt::format("the server answered {}: {}", reply.status, plain)
    };
}

// Cuts a byte stream into lines as pieces arrive.
class Lines {
  public:
    template <class OnLine>
    bool feed(std::string_view piece, const OnLine& on_line) {
        pending_ += piece;
        std::size_t start = 0;
        for (auto end = pending_.find('\n'); end != std::string::npos;
             end = pending_.find('\n', start)) {
            std::string_view line(pending_.data() + start, end - start);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (!on_line(line)) return false;
            start = end + 1;
        }
        pending_.erase(0, start);
        return true;
    }

  private:
    std::string pending_;
};

}  // namespace

Result<json::Value> ApiClient::call(const HttpRequest& request) {
    TRY_ASSIGN(const HttpReply reply, http_.send(request));
    if (reply.status >= 400) return error_of(reply);
    if (reply.body.empty()) return json::Value(nullptr);
    return json::read(reply.body);
}

Result<json::Value> ApiClient::get(const std::string& path) {
    return call({.path = path});
}

Result<json::Value> ApiClient::post(const std::string& path, const json::Value& body) {
    return call({.method = "POST", .path = path, .body = json::write(body)});
}

Status ApiClient::remove(const std::string& path, const std::optional<json::Value>& body) {
    TRY(call({.method = "DELETE", .path = path, .body = body ? json::write(*body) : ""}));
    return Ok{};
}

Result<bool> ApiClient::exists(const std::string& path) {
    TRY_ASSIGN(const HttpReply reply, http_.send({.method = "HEAD", .path = path}));
    return reply.status < 400;
}

Result<json::Value> ApiClient::upload(
    const std::string& path, const std::filesystem::path& file, const UploadProgress& progress
) {
    return call(
        {.method = "POST",
         .path = path,
         .content_type = "application/octet-stream",
         .body_file = file,
         .on_upload = progress}
    );
}

Status ApiClient::download(const std::string& path, const std::filesystem::path& file) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    const auto reply = http_.send({.path = path}, [&out](std::string_view piece) {
        out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
        return out.good();
    });
    out.close();
    if (!out) return Error{ErrorCode::io, fmt::format("cannot write {}", file.string())};
    if (!reply) return reply.error();
    if (reply->status >= 400) return error_of(*reply);
    return Ok{};
}

Status ApiClient::post_lines(
    const std::string& path,
    const json::Value& body,
    const LineSink& sink,
    const std::function<bool()>& must_stop
) {
    Lines lines;
    std::optional<Error> failed;
    bool stopped = false;
    const auto on_line = [&](std::string_view line) {
        if (line.empty()) return true;
        const auto value = json::read(line);
        if (!value) {
            failed = Error{ErrorCode::corrupt, "the server sent a line that is not JSON"};
        } else if (auto text = error_text(*value)) {
            failed = Error{ErrorCode::internal, std::move(*text)};
        } else {
            stopped = !sink(*value);
        }
        return !failed && !stopped;
    };
    const auto reply = http_.send(
        {.method = "POST", .path = path, .body = json::write(body), .must_stop = must_stop},
        [&](std::string_view piece) { return lines.feed(piece, on_line); }
    );
    if (failed) return *failed;
    if (stopped || (!reply && reply.error().code == ErrorCode::cancelled)) return Ok{};
    if (!reply) return reply.error();
    if (reply->status >= 400) return error_of(*reply);
    return Ok{};
}

Status ApiClient::post_events(
    const std::string& path, const json::Value& body, const SseSink& sink
) {
    Lines lines;
    std::string name;
    std::string data;
    std::optional<Error> failed;
    bool stopped = false;
    const auto dispatch = [&] {
        const auto value = json::read(data);
        if (!value) {
            failed = Error{ErrorCode::corrupt, "the server sent an event that is not JSON"};
        } else if (name == "error") {
            failed = Error{ErrorCode::internal, error_text(*value).value_or("unknown error")};
        } else {
            stopped = !sink(name, *value);
        }
        name.clear();
        data.clear();
        return !failed && !stopped;
    };
    const auto on_line = [&](std::string_view line) {
        if (line.empty()) return data.empty() || dispatch();
        if (line.starts_with("event:")) name = line.substr(line.starts_with("event: ") ? 7 : 6);
        if (line.starts_with("data:")) data += line.substr(line.starts_with("data: ") ? 6 : 5);
        return true;
    };
    const auto reply = http_.send(
        {.method = "POST", .path = path, .body = json::write(body)},
        [&](std::string_view piece) { return lines.feed(piece, on_line); }
    );
    if (failed) return *failed;
    if (stopped) return Ok{};
    if (!reply) return reply.error();
    if (reply->status >= 400) return error_of(*reply);
    return Ok{};
}

}  // namespace moat::cli
