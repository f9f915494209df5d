#include "adapters/curl/curl_transfer.h"

#include <algorithm>
#include <optional>

#include <curl/curl.h>

#include "base/check.h"

namespace moat::adapters {
namespace {

constexpr long kConnectSeconds = 15;
constexpr long kPieceBytes = 256L << 10;
constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxIdle = 16;

using models::TransferReply;
using models::TransferRequest;
using models::TransferSink;

struct ListFreer {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFreer>;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// What the C callbacks of one transfer share.
struct Exchange {
    CURL* curl;
    const TransferRequest& request;
    TransferSink* sink;
    std::stop_token stop;
    TransferReply reply{};
    std::size_t header_bytes = 0;
    bool head_given = false;
    std::optional<Error> error{};  // of the sink or the source, which end the transfer
    std::chrono::steady_clock::time_point last_bytes = std::chrono::steady_clock::now();
    curl_off_t bytes = 0;  // seen, both ways
    bool stalled = false;

    bool fail(Error cause) {
        error = std::move(cause);
        return false;
    }
    bool take_head();
    bool take_body(std::string_view piece);
    bool goes_on(curl_off_t now);
};

bool Exchange::take_head() {
    if (std::exchange(head_given, true)) return true;
    const Status taken = sink->head(reply);
    return taken.has_value() || fail(taken.error());
}

bool Exchange::take_body(std::string_view piece) {
    if (sink && reply.status >= 200 && reply.status < 300) {
        if (!take_head()) return false;
        const Status taken = sink->body(bytes_of(piece));
        return taken.has_value() || fail(taken.error());
    }
    if (reply.body.size() + piece.size() > request.max_reply_bytes) {
        return fail({ErrorCode::too_large, "the reply is larger than it may be"});
    }
    reply.body += piece;
    return true;
}

// libcurl's own limit of speed is a matter of whole seconds.
bool Exchange::goes_on(curl_off_t now) {
    if (stop.stop_requested()) return false;
    const auto time = std::chrono::steady_clock::now();
    if (now != bytes) {
        bytes = now;
        last_bytes = time;
    }
    stalled = time - last_bytes > request.stall_limit;
    return !stalled;
}

std::size_t on_header(char* data, std::size_t, std::size_t count, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    const std::string_view line(data, count);
    if (line.starts_with("HTTP/")) {  // of the last reply, after a 100 or a proxy's own
        exchange.reply.headers.clear();
        exchange.reply.status = 0;
        long status = 0;
        curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
        exchange.reply.status = static_cast<int>(status);
        return count;
    }
    exchange.header_bytes += count;
    if (exchange.header_bytes > kMaxHeaderBytes) return 0;
    const auto colon = line.find(':');
    if (colon != std::string_view::npos)
        exchange.reply.headers.emplace_back(
            lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))
        );
    return count;
}

std::size_t on_body(char* data, std::size_t, std::size_t count, void* user) {
    return static_cast<Exchange*>(user)->take_body({data, count}) ? count : 0;
}

std::size_t on_read(char* data, std::size_t, std::size_t count, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    const auto got = exchange.request.body_source(std::as_writable_bytes(std::span(data, count)));
    if (got) return *got;
    exchange.fail(got.error());
    return CURL_READFUNC_ABORT;
}

// libcurl wants to begin the body again (a connection that was kept had ended).
int on_seek(void* user, curl_off_t offset, int origin) {
    const auto& exchange = *static_cast<Exchange*>(user);
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    exchange.request.body_rewind();
    return CURL_SEEKFUNC_OK;
}

int on_progress(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
    return static_cast<Exchange*>(user)->goes_on(received + sent) ? 0 : 1;
}

HeaderList headers_of(const TransferRequest& request) {
    curl_slist* list = nullptr;
    for (const auto& [name, value] : request.headers) {
        std::string line = name;
        line += ": ";
        line += value;
        list = curl_slist_append(list, line.c_str());
        CHECK(list != nullptr);
    }
    return HeaderList(list);
}

void set_body(CURL* curl, const TransferRequest& request, Exchange& exchange) {
    if (request.body_source) {
        request.body_rewind();
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(curl, CURLOPT_READDATA, &exchange);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, &exchange);
        curl_easy_setopt(
            curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_source_bytes)
        );
    } else if (request.method != "GET" && request.method != "HEAD") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(
            curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())
        );
    }
}

void set_callbacks(CURL* curl, Exchange& exchange) {
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
}

// In libcurl's words, which name no secret.
Error error_of(CURLcode code, const Exchange& exchange, const char* detail) {
    if (exchange.error) return *exchange.error;
    if (exchange.stop.stop_requested())
        return Error{ErrorCode::cancelled, "the transfer was stopped"};
    if (exchange.stalled) return Error{ErrorCode::timed_out, "no bytes came for too long"};
    const std::string words = *detail != '\0' ? detail : curl_easy_strerror(code);
    return Error{ErrorCode::io, words};
}

}  // namespace

struct CurlTransfer::Handle {
    CURL* curl = curl_easy_init();
    Handle() { CHECK(curl != nullptr, "libcurl does not start"); }
    ~Handle() { curl_easy_cleanup(curl); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
};

CurlTransfer::CurlTransfer(std::string ca_file) : ca_file_(std::move(ca_file)) {}

CurlTransfer::~CurlTransfer() = default;

std::unique_ptr<CurlTransfer::Handle> CurlTransfer::take_handle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Handle>();
    auto handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
}

void CurlTransfer::give_back(std::unique_ptr<Handle> handle) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(handle));
}

Result<TransferReply> CurlTransfer::send(
    const TransferRequest& request, TransferSink* sink, std::stop_token stop
) {
    auto handle = take_handle();
    CURL* curl = handle->curl;
    curl_easy_reset(curl);  // keeps the connections
    Exchange exchange{.curl = curl, .request = request, .sink = sink, .stop = std::move(stop)};
    exchange.reply.url = request.url;
    const HeaderList headers = headers_of(request);
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kPieceBytes);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, kPieceBytes);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
    set_callbacks(curl, exchange);
    set_body(curl, request, exchange);
    if (request.method == "HEAD")
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (request.method != "GET")
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());

    const CURLcode code = curl_easy_perform(curl);
    // The callbacks' data ends with this call; a kept connection must not remember it.
    curl_easy_reset(curl);
    give_back(std::move(handle));
    if (code != CURLE_OK) return error_of(code, exchange, detail);
    const int status = exchange.reply.status;
    if (sink && status >= 200 && status < 300 && request.method != "HEAD" && !exchange.take_head())
        return *exchange.error;
    return std::move(exchange.reply);
}

}  // namespace moat::adapters
