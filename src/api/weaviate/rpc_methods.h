#pragma once

#include <string>

#include "api/weaviate/services.h"
#include "base/result.h"
#include "base/rpc.h"

// The methods of the gRPC service, each from the bytes of its message to those of its reply.
// Threads: any; calls block. Errors: invalid_argument for bytes that are no such message, and
// those of what they do.
namespace moat::api::weaviate {

Result<std::string> rpc_search(const Services& services, const RpcCall& call);
Result<std::string> rpc_aggregate(const Services& services, const RpcCall& call);
Result<std::string> rpc_batch_objects(const Services& services, const RpcCall& call);
Result<std::string> rpc_batch_references(const Services& services, const RpcCall& call);
Result<std::string> rpc_batch_delete(const Services& services, const RpcCall& call);
Result<std::string> rpc_tenants_get(const Services& services, const RpcCall& call);

}  // namespace moat::api::weaviate
