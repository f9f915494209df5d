#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "models/registry/http_transfer.h"

namespace moat::adapters {

// HttpTransfer over libcurl: connections are kept and used again, proxies come from HTTPS_PROXY,
// HTTP_PROXY and NO_PROXY, and only http and https are spoken.
//
// Threads: any. A stop is seen within a second.
class CurlTransfer final : public models::HttpTransfer {
  public:
    // `ca_file`: certificates to trust beside the system's; empty: none.
    explicit CurlTransfer(std::string ca_file);
    ~CurlTransfer() override;

    Result<models::TransferReply> send(
        const models::TransferRequest& request, models::TransferSink* sink, std::stop_token stop
    ) override;

  private:
    struct Handle;
    std::unique_ptr<Handle> take_handle();
    void give_back(std::unique_ptr<Handle> handle);

    const std::string ca_file_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Handle>> idle_;  // guarded by mutex_
};

}  // namespace moat::adapters
