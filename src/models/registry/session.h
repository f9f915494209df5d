#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/signing_key.h"
#include "models/registry/challenge.h"
#include "models/registry/credentials.h"
#include "models/registry/http_transfer.h"
#include "models/registry/url.h"

namespace moat::models {

// What sessions share. Borrowed for as long as any of them lives.
struct RegistryAccess {
    HttpTransfer& http;
    const Clock& clock;
    std::function<Result<Credentials>()> credentials;
    std::function<Result<SigningKey>()> signing_key;  // made when first asked for
    std::string user_agent;
};

// Requests to one registry in one matter: answers its challenge (basic, or a bearer token got with
// a password or with this machine's key), keeps the token, and follows redirects. What authorizes
// is sent to the registry's own origin only, and a token is only asked of the registry's own host.
//
// Threads: any; requests run side by side. Each blocks.
class RegistrySession {
  public:
    // `origin` is scheme://host[:port]. Errors: invalid_argument, and those of the credentials.
    static Result<std::shared_ptr<RegistrySession>> open(
        const RegistryAccess& access, const std::string& origin
    );

    // Redirects are followed for GET and HEAD, up to ten and never from https to http.
    // Errors: those of HttpTransfer; unauthenticated when the registry does not let us in, with
    // what to do about it; corrupt (a challenge or redirect that makes no sense). Every other
    // status is a reply.
    Result<TransferReply> send(
        TransferRequest request, TransferSink* sink, const std::stop_token& stop
    );

  private:
    RegistrySession(const RegistryAccess& access, Url origin, const Credential* credential);

    Result<TransferReply> follow(
        TransferRequest request, TransferSink* sink, const std::stop_token& stop
    );
    Status authorize(const TransferReply& refusal, const std::stop_token& stop);
    Result<std::string> token_for(const Challenge& challenge, const std::stop_token& stop);
    Result<std::string> signature_for(const std::string& url) const;
    Result<TransferRequest> token_request(const Challenge& challenge) const;
    Error refused(int status) const;
    std::string authorization() const;
    void set_authorization(std::string value);

    const RegistryAccess& access_;
    const Url origin_;
    const Credential credential_;
    mutable std::mutex mutex_;
    std::string authorization_;  // guarded by mutex_; the header's value, empty until it is known
};

// The error a status of 300 and more is: not_found "file does not exist" for 404, else
// `<status>: <body>`, busy for what may pass (408, 429, 5xx) and unsupported for what will not.
Error error_of_status(const TransferReply& reply);
// Whether trying again later may help.
bool is_transient(ErrorCode code);

}  // namespace moat::models
