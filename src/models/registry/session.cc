#include "models/registry/session.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ids.h"
#include "base/json.h"
#include "base/sha256.h"

namespace moat::models {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxTokenBytes = 65536;
constexpr std::size_t kMaxShownBytes = 300;

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string basic(const Credential& credential) {
    return "Basic " + to_base64(bytes_of(credential.user + ":" + credential.password));
}

// Names the host; what a sink said stays as it is.
Error unreachable(const Url& url, Error error) {
    if (error.code == ErrorCode::io || error.code == ErrorCode::timed_out)
        error.message = fmt::format("no connection to {}: {}", url.authority, error.message);
    return error;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace

Error error_of_status(const TransferReply& reply) {
    if (reply.status == 404) return Error{ErrorCode::not_found, "file does not exist"};
    const bool transient = reply.status == 408 || reply.status == 429 || reply.status >= 500;
    // What a stranger wrote: cut, and without control characters.
    std::string shown(utf8_prefix(reply.body, kMaxShownBytes));
    std::ranges::replace_if(shown, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return Error{
        transient ? ErrorCode::busy : ErrorCode::unsupported,
        fmt::format("{}: {}", reply.status, to_valid_utf8(shown))
    };
}

bool is_transient(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::busy || code == ErrorCode::timed_out;
}

RegistrySession::RegistrySession(
    const RegistryAccess& access, Url origin, const Credential* credential
)
    : access_(access),
      origin_(std::move(origin)),
      credential_(credential ? *credential : Credential()) {
    if (!credential_.token.empty()) authorization_ = "Bearer " + credential_.token;
}

Result<std::shared_ptr<RegistrySession>> RegistrySession::open(
    const RegistryAccess& access, const std::string& origin
) {
    TRY_ASSIGN(Url url, parse_url(origin));
    TRY_ASSIGN(const Credentials credentials, access.credentials());
    const Credential* credential = credentials.find(url.authority);
    return std::shared_ptr<RegistrySession>(new RegistrySession(access, std::move(url), credential)
    );
}

std::string RegistrySession::authorization() const {
    const std::lock_guard lock(mutex_);
    return authorization_;
}

void RegistrySession::set_authorization(std::string value) {
    const std::lock_guard lock(mutex_);
    authorization_ = std::move(value);
}

Result<TransferReply> RegistrySession::send(
    TransferRequest request, TransferSink* sink, const std::stop_token& stop
) {
    request.headers.emplace_back("User-Agent", access_.user_agent);
    TRY_ASSIGN(TransferReply reply, follow(request, sink, stop));
    TRY_ASSIGN(const Url answered, parse_url(reply.url));
    if (reply.status == 401 && answered.same_origin(origin_)) {
        TRY(authorize(reply, stop));
        TRY_ASSIGN(reply, follow(std::move(request), sink, stop));
    }
    if (reply.status == 401) return refused(reply.status);
    return reply;
}

Result<TransferReply> RegistrySession::follow(
    TransferRequest request, TransferSink* sink, const std::stop_token& stop
) {
    const bool may_follow = request.method == "GET" || request.method == "HEAD";
    const auto headers = request.headers;
    TRY_ASSIGN(Url url, parse_url(request.url));
    for (int hop = 0; hop <= kMaxRedirects; ++hop) {
        request.url = url.text();
        request.headers = headers;
        const std::string own = authorization();
        if (url.same_origin(origin_) && !own.empty())
            request.headers.emplace_back("Authorization", own);
        auto sent = access_.http.send(request, sink, stop);
        if (!sent) return unreachable(url, sent.error());
        TransferReply reply = *std::move(sent);
        reply.url = request.url;
        if (!may_follow || !is_redirect(reply.status)) return reply;
        auto next = resolve(url, reply.header("location"));
        if (!next) return Error{ErrorCode::corrupt, "the registry redirects to what is no address"};
        if (url.scheme == "https" && next->scheme == "http")
            return Error{ErrorCode::corrupt, "the registry redirects from https to http"};
        url = *std::move(next);
    }
    return Error{
        ErrorCode::corrupt, fmt::format("the registry redirects more than {} times", kMaxRedirects)
    };
}

Status RegistrySession::authorize(const TransferReply& refusal, const std::stop_token& stop) {
    const std::string_view header = refusal.header("www-authenticate");
    if (header.empty()) return refused(refusal.status);
    TRY_ASSIGN(const Challenge challenge, parse_challenge(header));
    if (challenge.kind == Challenge::Kind::basic) {
        if (credential_.user.empty()) return refused(refusal.status);
        set_authorization(basic(credential_));
        return Ok{};
    }
    TRY_ASSIGN(const std::string token, token_for(challenge, stop));
    set_authorization("Bearer " + token);
    return Ok{};
}

Result<TransferRequest> RegistrySession::token_request(const Challenge& challenge) const {
    const auto realm = parse_url(challenge.realm);
    // A realm elsewhere would get what authorizes us here.
    if (!realm || realm->authority != origin_.authority)
        return Error{
            ErrorCode::corrupt,
            fmt::format("the registry {} sends us to another host for a token", origin_.authority)
        };
    if (origin_.scheme == "https" && realm->scheme != "https")
        return Error{ErrorCode::corrupt, "the registry wants a token to travel without TLS"};
    TransferRequest request;
    request.max_reply_bytes = kMaxTokenBytes;
    request.url = realm->text();
    if (!challenge.service.empty())
        request.url = with_query(request.url, "service", challenge.service);
    for (const std::string& scope : words_of(challenge.scope))
        request.url = with_query(request.url, "scope", scope);
    if (!credential_.user.empty()) {
        request.headers.emplace_back("Authorization", basic(credential_));
    } else {
        const auto seconds = unix_ms(access_.clock.now()) / 1000;
        request.url = with_query(request.url, "ts", std::to_string(seconds));
        request.url = with_query(request.url, "nonce", random_hex(16));
        TRY_ASSIGN(std::string signature, signature_for(request.url));
        request.headers.emplace_back("Authorization", std::move(signature));
    }
    request.headers.emplace_back("User-Agent", access_.user_agent);
    return request;
}

// <public key>:<signature over "GET,<url>,<base64 of the hex SHA-256 of an empty body>">
Result<std::string> RegistrySession::signature_for(const std::string& url) const {
    TRY_ASSIGN(const SigningKey key, access_.signing_key());
    const std::string empty = to_base64(bytes_of(sha256({}).hex()));
    const std::string message = fmt::format("GET,{},{}", url, empty);
    return fmt::format("{}:{}", key.public_key(), to_base64(key.sign(bytes_of(message))));
}

Result<std::string> RegistrySession::token_for(
    const Challenge& challenge, const std::stop_token& stop
) {
    TRY_ASSIGN(const TransferRequest request, token_request(challenge));
    const auto sent = access_.http.send(request, nullptr, stop);
    if (!sent) return unreachable(origin_, sent.error());
    const TransferReply& reply = *sent;
    if (reply.status == 401 || reply.status == 403) return refused(reply.status);
    if (reply.status != 200) return error_of_status(reply);
    const auto value = json::read(reply.body);
    std::string token = value ? json::string_or(*value, "token") : "";
    if (token.empty() && value) token = json::string_or(*value, "access_token");
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
    if (token.empty() || !std::ranges::all_of(token, is_plain))
        return Error{ErrorCode::corrupt, "the registry gave no token"};
    return token;
}

Error RegistrySession::refused(int status) const {
    const bool has_own = !credential_.user.empty() || !credential_.token.empty();
    if (has_own)
        return Error{
            ErrorCode::unauthenticated,
            fmt::format(
                "{}: {} does not accept the credentials that keys/registries.json has for it",
                status,
                origin_.authority
            )
        };
    const auto key = access_.signing_key();
    return Error{
        ErrorCode::unauthenticated,
        fmt::format(
            "{}: {} refuses access. Register this server's public key there (ssh-ed25519 {}), or "
            "put credentials into keys/registries.json of the data folder",
            status,
            origin_.authority,
            key ? key->public_key() : "in keys/id_ed25519.pub"
        )
    };
}

}  // namespace moat::models
