#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/http_client.h"

namespace moat::cli {

// JSON requests to the server, and its streams. Error replies become Errors with the server's own
// words; a server that is not there becomes the sentence that says how to start it.
// Threads: one at a time. Borrows the HttpClient.
class ApiClient {
  public:
    explicit ApiClient(HttpClient& http) : http_(http) {}

    Result<json::Value> get(const std::string& path);
    Result<json::Value> post(const std::string& path, const json::Value& body);
    Status remove(const std::string& path, const std::optional<json::Value>& body = {});
    // Does HEAD answer 2xx?
    Result<bool> exists(const std::string& path);
    using UploadProgress = std::function<void(std::uint64_t, std::uint64_t)>;
    Result<json::Value> upload(
        const std::string& path, const std::filesystem::path& file, const UploadProgress& progress
    );

    // The body of the reply into a new file.
    Status download(const std::string& path, const std::filesystem::path& file);

    // One JSON value a line (NDJSON); a line with "error" ends it with that error.
    // The sink returns false to stop early, which is no error; nor is it when `must_stop`, which is
    // asked while nothing comes, returns true.
    using LineSink = std::function<bool(const json::Value&)>;
    Status post_lines(
        const std::string& path,
        const json::Value& body,
        const LineSink& sink,
        const std::function<bool()>& must_stop = {}
    );
    // Server-Sent Events (name, data as JSON); an event named "error" ends it.
    using SseSink = std::function<bool(std::string_view name, const json::Value&)>;
    Status post_events(const std::string& path, const json::Value& body, const SseSink& sink);

  private:
    Result<json::Value> call(const HttpRequest& request);

    HttpClient& http_;
};

}  // namespace moat::cli
