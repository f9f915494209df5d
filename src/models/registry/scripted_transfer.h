#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "models/registry/http_transfer.h"

namespace moat::models {

// An HttpTransfer for tests: answers by a function, and remembers what it was asked.
class ScriptedTransfer final : public HttpTransfer {
  public:
    using Answer = std::function<Result<TransferReply>(const TransferRequest&)>;
    explicit ScriptedTransfer(Answer answer) : answer_(std::move(answer)) {}

    Result<TransferReply> send(
        const TransferRequest& request, TransferSink* sink, std::stop_token stop
    ) override {
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back(request);
        }
        if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped"};
        auto reply = answer_(request);
        if (!reply || !sink || reply->status >= 300) return reply;
        reply->url = request.url;
        if (const Status taken = sink->head(*reply); !taken) return taken.error();
        if (const Status taken = sink->body(bytes_of(reply->body)); !taken) return taken.error();
        reply->body.clear();
        return reply;
    }

    std::vector<TransferRequest> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

  private:
    const Answer answer_;
    mutable std::mutex mutex_;
    std::vector<TransferRequest> asked_;  // guarded by mutex_
};

inline std::string_view header_of(const TransferRequest& request, std::string_view name) {
    for (const auto& [each, value] : request.headers)
        if (each == name) return value;
    return {};
}

}  // namespace moat::models
