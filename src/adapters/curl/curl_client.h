#pragma once

#include <memory>
#include <string>

#include "cli/http_client.h"

namespace moat::adapters {

struct CurlSettings {
    std::string base_url;  // scheme://host:port
    std::string api_key;   // sent as a bearer token when not empty
    std::string ca_file;   // certificates to trust beside the system's; empty: none
    std::string unreachable = "could not connect to the server";  // the error when nobody answers
};

// HttpClient over libcurl, one kept-alive connection. Threads: one at a time.
class CurlClient final : public cli::HttpClient {
  public:
    explicit CurlClient(CurlSettings settings);
    ~CurlClient() override;

    Result<cli::HttpReply> send(const cli::HttpRequest& request, const BodySink& sink) override;

  private:
    struct Handle;
    CurlSettings settings_;
    std::unique_ptr<Handle> handle_;
};

}  // namespace moat::adapters
