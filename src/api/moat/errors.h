#pragma once

#include <string_view>

#include "base/result.h"
#include "http/exchange.h"

// Errors of Moat's own API: {"error":{"code":"not_found","message":"..."}}. Threads: any.
namespace moat::api::moat_api {

// With the status of the code. The message of io and internal stays in the log, beside the
// id of the request; the client gets the id.
http::Response error_response(const Error& error, const http::Request& request);
// The same text with a given status, for errors of the server itself.
http::Response error_with_status(int status, const Error& error);

}  // namespace moat::api::moat_api
