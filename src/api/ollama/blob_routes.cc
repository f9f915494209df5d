#include <array>

#include <fmt/format.h>

#include "access/policy.h"
#include "api/ollama/errors.h"
#include "api/ollama/handlers.h"
#include "models/manifest.h"

namespace moat::api::ollama {
namespace {

// What a client sends although the blob is here; read, so that it sees the answer.
Status discard_body(http::Exchange& exchange) {
    std::array<std::byte, 65536> buffer{};
    for (;;) {
        TRY_ASSIGN(const std::size_t count, exchange.read_body(buffer));
        if (count == 0) return Ok{};
    }
}

}  // namespace

void has_blob(http::Exchange& exchange, const Services& services) {
    const std::string name = exchange.request().param("digest");
    const auto digest = models::parse_digest(name);
    if (!digest) return exchange.send(error_response(digest.error()));
    if (!services.store.keep_blob(*digest)) {
        const Error absent{ErrorCode::not_found, fmt::format("blob \"{}\" not found", name)};
        return exchange.send(error_response(absent));
    }
    exchange.send(http::Response{.content_type = ""});
}

void put_blob(http::Exchange& exchange, const Services& services) {
    const Principal& who = exchange.request().principal;
    const auto digest = models::parse_digest(exchange.request().param("digest"));
    if (!digest) return exchange.send(error_response(digest.error()));
    const bool known = services.store.has_blob(*digest);
    Status done = access::require(who, Role::admin);
    if (done && known) done = discard_body(exchange);
    if (done && !known)
        done = services.store.put_blob(who, *digest, [&exchange](std::span<std::byte> buffer) {
            return exchange.read_body(buffer);
        });
    if (!done) return exchange.send(error_response(done.error()));
    exchange.send(http::Response{.status = known ? 200 : 201, .content_type = ""});
}

}  // namespace moat::api::ollama
