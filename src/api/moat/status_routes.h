#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/principal.h"
#include "http/router.h"

namespace moat::api::moat_api {

// What GET /api/status tells about the server. The functions may be called from any thread and may
// block on the disk.
struct ServerStatus {
    std::string version;
    std::string ollama_version;
    std::function<std::optional<std::string>(const Principal& who)> chat_model;
    std::function<std::optional<std::string>()> embedding_model;
    std::function<bool()> key_required;
    std::function<std::size_t()> store_memory;  // bytes that the collections have
    std::size_t store_memory_limit = 0;
};

std::vector<http::Route> status_routes(ServerStatus status);

}  // namespace moat::api::moat_api
