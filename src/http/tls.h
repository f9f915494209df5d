#pragma once

#include <memory>

#include "base/result.h"
#include "http/server.h"

namespace boost::asio::ssl {
class context;
}

namespace moat::http {

// TLS 1.2 and 1.3 with the certificate and key of the administrator.
// Errors: invalid_argument, naming the file and what is wrong with it.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const TlsFiles& files);

}  // namespace moat::http
