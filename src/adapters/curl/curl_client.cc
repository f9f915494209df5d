#include "adapters/curl/curl_client.h"

#include <cstdio>
#include <filesystem>
#include <memory>

#include <curl/curl.h>

#include "base/check.h"

namespace moat::adapters {
namespace {

constexpr std::size_t kMaxReplyBytes = 256U << 20;

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

struct ListFreer {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFreer>;

// What the C callbacks of one transfer share.
struct Transfer {
    CURL* curl;
    const cli::HttpRequest& request;
    const cli::HttpClient::BodySink& sink;
    std::string body;
    bool stopped = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer.sink && status < 400) {
        transfer.stopped = !transfer.sink({data, count});
        return transfer.stopped ? 0 : count;
    }
    if (transfer.body.size() + count > kMaxReplyBytes) return 0;
    transfer.body.append(data, count);
    return count;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t total, curl_off_t sent) {
    auto& transfer = *static_cast<Transfer*>(user);
    const cli::HttpRequest& request = transfer.request;
    if (request.on_upload && total > 0)
        request.on_upload(static_cast<std::uint64_t>(sent), static_cast<std::uint64_t>(total));
    if (request.must_stop && request.must_stop()) transfer.stopped = true;
    return transfer.stopped ? 1 : 0;
}

HeaderList headers_of(const cli::HttpRequest& request, const std::string& key) {
    curl_slist* list = nullptr;
    const bool has_body = !request.body.empty() || !request.body_file.empty();
    if (has_body) list = curl_slist_append(list, ("Content-Type: " + request.content_type).c_str());
    list = curl_slist_append(
        list, "Accept: application/json, application/x-ndjson, text/event-stream"
    );
    if (!key.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + key).c_str());
    return HeaderList(list);
}

void set_body(CURL* curl, const cli::HttpRequest& request, std::FILE* file) {
    if (file != nullptr) {
        std::error_code error;
        const auto size = std::filesystem::file_size(request.body_file, error);
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_READDATA, file);
        curl_easy_setopt(
            curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(error ? 0 : size)
        );
    } else if (!request.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(
            curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())
        );
    } else if (request.method == "POST") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
}

Error error_of(CURLcode code, const CurlSettings& settings) {
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        return Error{ErrorCode::io, settings.unreachable};
    }
    return Error{
        ErrorCode::io,
        std::string("the connection to the server failed: ") + curl_easy_strerror(code)
    };
}

}  // namespace

struct CurlClient::Handle {
    CURL* curl = curl_easy_init();
    Handle() { CHECK(curl != nullptr, "libcurl does not start"); }
    ~Handle() { curl_easy_cleanup(curl); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
};

CurlClient::CurlClient(CurlSettings settings)
    : settings_(std::move(settings)), handle_(std::make_unique<Handle>()) {}

CurlClient::~CurlClient() = default;

Result<cli::HttpReply> CurlClient::send(const cli::HttpRequest& request, const BodySink& sink) {
    File file;
    if (!request.body_file.empty()) {
        file.reset(std::fopen(request.body_file.c_str(), "rbe"));
        if (!file) return Error{ErrorCode::io, "cannot open " + request.body_file.string()};
    }
    CURL* curl = handle_->curl;
    curl_easy_reset(curl);  // keeps the connection
    Transfer transfer{curl, request, sink, {}, false};
    const std::string url = settings_.base_url + request.path;
    const HeaderList headers = headers_of(request, settings_.api_key);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // the server is ours: no proxy stands between
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    if (!settings_.ca_file.empty())
        curl_easy_setopt(curl, CURLOPT_CAINFO, settings_.ca_file.c_str());
    set_body(curl, request, file.get());
    if (request.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    if (request.on_upload || request.must_stop) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    }

    const CURLcode code = curl_easy_perform(curl);
    if (transfer.stopped) return Error{ErrorCode::cancelled, "stopped by the caller"};
    if (code != CURLE_OK) return error_of(code, settings_);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return cli::HttpReply{static_cast<int>(status), std::move(transfer.body)};
}

}  // namespace moat::adapters
