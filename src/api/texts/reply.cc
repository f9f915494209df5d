#include "api/texts/reply.h"

namespace moat::api::texts {
namespace {

// As the other routes of models answer.
int status_of(ErrorCode code) {
    if (code == ErrorCode::unsupported) return 400;
    if (code == ErrorCode::corrupt) return 500;
    if (code == ErrorCode::too_large) return 503;  // more memory than there is
    return http::status_of(code);
}

}  // namespace

void send_error(http::Exchange& exchange, const Services& services, const Error& error) {
    http::Response response =
        services.errors(exchange.request().path, status_of(error.code), error);
    if (error.code == ErrorCode::busy) response.headers.emplace_back("Retry-After", "1");
    exchange.send(std::move(response));
}

void send_json(http::Exchange& exchange, const json::Value& body) {
    http::Response response;
    response.body = json::write(body);
    exchange.send(std::move(response));
}

}  // namespace moat::api::texts
