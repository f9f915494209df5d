#pragma once

#include <functional>
#include <string>
#include <variant>

#include "access/authenticator.h"
#include "http/exchange.h"
#include "http/message_reader.h"
#include "http/origin_policy.h"
#include "http/response_writer.h"
#include "http/router.h"

namespace moat::http {

// How an error of the server itself looks in the protocol that owns `path`.
using ErrorWriter = std::function<Response(std::string_view path, int status, const Error& error)>;
// {"error":"message"}
Response plain_error(std::string_view path, int status, const Error& error);
// The usual status of each code; 499 for cancelled.
int status_of(ErrorCode code);

// Decides from the head of a request alone, before a byte of its body is read, whether it may go
// on: well-formed, from an allowed page and host, to a known route, by a principal with the rights.
//
// Threads: any, after construction. Borrows: router and authenticator.
class Admission {
  public:
    struct Settings {
        OriginPolicy origins;
        bool loopback_only = true;  // then the Host header is checked
        std::string machine_name;
        ErrorWriter errors = plain_error;
    };

    Admission(const Router& router, access::Authenticator& authenticator, Settings settings)
        : router_(router), authenticator_(authenticator), settings_(std::move(settings)) {}

    struct Admitted {
        Request request;  // without its body
        const Route* route = nullptr;
        HeaderList headers;  // for the response
    };
    struct Refused {
        Response response;
    };
    std::variant<Admitted, Refused> admit(
        const MessageHead& head, const std::string& remote_address, const std::string& id
    ) const;

    Response error(std::string_view path, int status, const Error& error) const;
    // The body of `request` is over the limit of its route.
    Response body_too_large(std::string_view path, std::size_t limit_bytes) const;

  private:
    std::variant<Admitted, Refused> admit_to_route(
        Request request, const std::string& raw_path, HeaderList headers, const MessageHead& head
    ) const;

    const Router& router_;
    access::Authenticator& authenticator_;
    const Settings settings_;
};

}  // namespace moat::http
