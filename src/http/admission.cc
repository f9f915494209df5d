#include "http/admission.h"

#include <fmt/format.h>

#include "access/policy.h"
#include "base/json.h"
#include "http/url.h"

namespace moat::http {
namespace {

Response text_response(int status, std::string text) {
    return Response{
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .headers = {},
        .body = std::move(text)
    };
}

// "Authorization: Bearer x", or the x-api-key header of Anthropic's clients.
std::string_view presented_key(const Request& request) {
    const std::string_view authorization = request.header("authorization");
    constexpr std::string_view kBearer = "bearer ";
    if (authorization.size() > kBearer.size() &&
        matches_pattern(kBearer, authorization.substr(0, kBearer.size())))
        return authorization.substr(kBearer.size());
    return request.header("x-api-key");
}

bool is_preflight(const Request& request) {
    return request.method == "OPTIONS" && !request.header("origin").empty() &&
           !request.header("access-control-request-method").empty();
}

Role role_for(Access access) {
    switch (access) {
        case Access::anyone:
            return Role::nobody;
        case Access::user:
            return Role::user;
        case Access::admin:
            return Role::admin;
    }
    return Role::admin;
}

}  // namespace

Response plain_error(std::string_view, int status, const Error& error) {
    Response out;
    out.status = status;
    out.body = json::write(json::Object{{"error", error.message}}, json::Style::html_safe);
    return out;
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return 400;
        case ErrorCode::unauthenticated:
            return 401;
        case ErrorCode::forbidden:
            return 403;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::conflict:
            return 409;
        case ErrorCode::too_large:
            return 413;
        case ErrorCode::corrupt:
        case ErrorCode::unsupported:
            return 422;
        case ErrorCode::busy:
            return 503;
        case ErrorCode::timed_out:
            return 504;
        case ErrorCode::cancelled:
            return 499;
        case ErrorCode::io:
        case ErrorCode::internal:
            return 500;
    }
    return 500;
}

std::variant<Admission::Admitted, Admission::Refused> Admission::admit(
    const MessageHead& head, const std::string& remote_address, const std::string& id
) const {
    Request request;
    request.method = head.method;
    request.headers = head.headers;
    request.remote_address = remote_address;
    request.id = id;

    auto target = parse_target(head.target);
    if (!target) return Refused{error("", 400, target.error())};
    request.path = std::move(target->path);
    request.query = std::move(target->query);

    const std::string_view host = request.header("host");
    const std::string_view origin = request.header("origin");
    if (settings_.loopback_only && !host_is_local(host, settings_.machine_name))
        return Refused{text_response(403, "")};
    if (!settings_.origins.allows(origin, host)) return Refused{text_response(403, "")};
    if (is_preflight(request)) {
        Response yes{
            .status = 204, .content_type = "", .headers = cors_headers(origin, true), .body = ""
        };
        return Refused{std::move(yes)};
    }
    HeaderList headers = cors_headers(origin, false);
    return admit_to_route(std::move(request), target->raw_path, std::move(headers), head);
}

std::variant<Admission::Admitted, Admission::Refused> Admission::admit_to_route(
    Request request, const std::string& raw_path, HeaderList headers, const MessageHead& head
) const {
    const auto refuse = [&headers](Response response) {
        response.headers.insert(response.headers.end(), headers.begin(), headers.end());
        return Refused{std::move(response)};
    };
    Router::Match match = router_.find(request.method, raw_path);
    if (match.route == nullptr) {
        if (match.allow.empty()) return refuse(text_response(404, "404 page not found"));
        Response response = text_response(405, "405 method not allowed");
        response.headers.emplace_back("Allow", match.allow);
        return refuse(std::move(response));
    }
    request.params = std::move(match.params);
    request.principal = authenticator_.authenticate(presented_key(request));
    const Status allowed = access::require(request.principal, role_for(match.route->access));
    if (!allowed) {
        const int status = status_of(allowed.error().code);
        Response response = error(request.path, status, allowed.error());
        if (status == 401)
            response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"moat\"");
        return refuse(std::move(response));
    }
    if (head.content_length.value_or(0) > match.route->max_body_bytes)
        return refuse(body_too_large(request.path, match.route->max_body_bytes));
    return Admitted{
        .request = std::move(request), .route = match.route, .headers = std::move(headers)
    };
}

Response Admission::error(std::string_view path, int status, const Error& error) const {
    return settings_.errors(path, status, error);
}

Response Admission::body_too_large(std::string_view path, std::size_t limit_bytes) const {
    const Error error{
        ErrorCode::too_large,
        fmt::format("the request body is larger than the {} bytes allowed here", limit_bytes)
    };
    return settings_.errors(path, 413, error);
}

}  // namespace moat::http
