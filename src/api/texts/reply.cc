#include "api/texts/reply.h"

#include "api/request/model_status.h"

namespace moat::api::texts {
void send_error(http::Exchange& exchange, const Services& services, const Error& error) {
    http::Response response =
        services.errors(exchange.request().path, model_status_of(error.code), error);
    if (error.code == ErrorCode::busy) response.headers.emplace_back("Retry-After", "1");
    exchange.send(std::move(response));
}

void send_json(http::Exchange& exchange, const json::Value& body) {
    http::Response response;
    response.body = json::write(body);
    exchange.send(std::move(response));
}

}  // namespace moat::api::texts
