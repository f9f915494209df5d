#include "http/tls.h"

#include <boost/asio/ssl/context.hpp>
#include <fmt/format.h>

namespace moat::http {
namespace {

namespace ssl = boost::asio::ssl;

Error bad_file(std::string_view what, const std::filesystem::path& file, std::string_view why) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("cannot use {} as the TLS {}: {}", file.filename().string(), what, why)
    };
}

}  // namespace

Result<std::unique_ptr<ssl::context>> make_tls_context(const TlsFiles& files) {
    auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
    boost::system::error_code error;
    context->set_options(
        ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
            ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_compression,
        error
    );
    SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    if (context->use_certificate_chain_file(files.certificate.string(), error))
        return bad_file("certificate", files.certificate, error.message());
    if (context->use_private_key_file(files.key.string(), ssl::context::pem, error))
        return bad_file("key", files.key, error.message());
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
        return bad_file("key", files.key, "it does not belong to the certificate");
    return context;
}

}  // namespace moat::http
