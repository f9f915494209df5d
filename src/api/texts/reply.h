#pragma once

#include "api/texts/routes.h"
#include "base/json.h"
#include "base/result.h"
#include "http/exchange.h"

namespace moat::api::texts {

inline constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 20;

void send_error(http::Exchange& exchange, const Services& services, const Error& error);
void send_json(http::Exchange& exchange, const json::Value& body);

}  // namespace moat::api::texts
