#pragma once

#include <string>
#include <vector>

#include "api/weaviate/services.h"
#include "base/rpc.h"
#include "http/router.h"

// Weaviate's protocol: REST and GraphQL under /v1, and its gRPC methods. Whoever may use the server
// reads; administrators write. Threads: any.
namespace moat::api::weaviate {

// What `services` holds is borrowed for as long as they are served.
std::vector<http::Route> routes(const Services& services);
std::vector<RpcMethod> rpc_methods(const Services& services);

// The groups that routes() is made of.
std::vector<http::Route> status_routes(const Services& services);
std::vector<http::Route> schema_routes(const Services& services);
std::vector<http::Route> schema_change_routes(const Services& services);
std::vector<http::Route> alias_routes(const Services& services);
std::vector<http::Route> tenant_routes(const Services& services);
std::vector<http::Route> object_routes(const Services& services);
std::vector<http::Route> reference_routes(const Services& services);
std::vector<http::Route> batch_routes(const Services& services);
std::vector<http::Route> graphql_routes(const Services& services);
std::vector<http::Route> backup_routes(const Services& services);

}  // namespace moat::api::weaviate
