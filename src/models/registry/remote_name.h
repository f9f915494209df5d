#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "models/model_name.h"

namespace moat::models {

// A model in a registry: [scheme://]host/namespace/model:tag, and the addresses of the protocol
// (docs/formats/registry.md). Threads: any (a value).
struct RemoteName {
    std::string scheme;  // https unless the name says otherwise
    ModelName name;

    std::string origin() const { return scheme + "://" + name.host; }
    std::string repository() const { return name.name_space + "/" + name.model; }
    std::string base() const { return origin() + "/v2/" + repository(); }
    std::string manifest_url() const { return base() + "/manifests/" + name.tag; }
};

// Errors: invalid_argument "invalid model name"; forbidden "insecure protocol http" unless
// `insecure`.
Result<RemoteName> parse_remote_name(std::string_view text, bool insecure);

}  // namespace moat::models
