#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"

namespace moat::api::weaviate {
namespace {

http::Route probe(std::string path, int status) {
    http::Route route;
    route.method = "GET";
    route.path = std::move(path);
    route.access = http::Access::anyone;
    route.quick = true;
    route.handler = [status](http::Exchange& exchange) { exchange.send(empty_response(status)); };
    return route;
}

// Everyone needs it to connect, and it says no more than a version.
http::Route meta() {
    http::Route route = probe("/v1/meta", 200);
    route.handler = [](http::Exchange& exchange) {
        const auto module = [](std::string_view name) { return json::Object{{"name", name}}; };
        const json::Object modules{
            {"text2vec-ollama", module("Moat's embedding model")},
            {"text2vec-openai", module("Moat's embedding model")},
            {"text2vec-transformers", module("Moat's embedding model")},
        };
        const json::Object body{
            {"hostname", "http://[::]:8080"},
            {"version", kVersion},
            {"modules", modules},
            {"grpcMaxMessageSize", kMaxMessageBytes},
        };
        exchange.send(json_response(body));
    };
    return route;
}

struct ClassShards {
    std::string class_name;
    std::vector<collections::ShardStatus> shards;
};

Result<std::vector<ClassShards>> shards_of(
    const Services& services, const Principal& who, const std::string& only
) {
    const Classes classes(services);
    std::vector<std::string> names;
    if (!only.empty()) {
        TRY_ASSIGN(const auto one, classes.open(who, only));
        names.push_back(one->schema().name);
    } else {
        for (const collections::Schema& schema : classes.list(who))
            names.push_back(schema.name);
    }
    std::vector<ClassShards> out;
    for (std::string& name : names) {
        const auto collection = classes.open(who, name);
        // It may have been removed just now.
        if (!collection && collection.error().code == ErrorCode::not_found) continue;
        if (!collection) return collection.error();
        TRY_ASSIGN(auto shards, (*collection)->shards(who));
        out.push_back({std::move(name), std::move(shards)});
    }
    return out;
}

json::Object shard_json(const std::string& class_name, const collections::ShardStatus& shard) {
    return {
        {"name", shard.tenant.empty() ? std::string(kNode) : shard.tenant},
        {"class", class_name},
        {"objectCount", shard.objects},
        {"vectorIndexingStatus", indexing_status(shard)},
        {"vectorQueueLength", shard.waiting_vectors},
        {"compressed", shard.compressed},
        {"loaded", shard.open},
    };
}

Result<http::Response> nodes(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(
        const std::vector<ClassShards> classes,
        shards_of(services, request.principal, request.param("class"))
    );
    json::Array list;
    std::uint64_t objects = 0;
    for (const auto& [name, shards] : classes) {
        for (const collections::ShardStatus& shard : shards) {
            objects += shard.objects;
            list.push_back(shard_json(name, shard));
        }
    }
    json::Object node{
        {"name", kNode},
        {"status", "HEALTHY"},
        {"version", kVersion},
        {"gitHash", ""},
        {"stats", json::Object{{"objectCount", objects}, {"shardCount", list.size()}}},
        // Without a queue the clients send as fast as they are answered: a write is answered when
        // it is on disk and found.
        {"batchStats", json::Object{}},
        {"shards", nullptr},
    };
    if (request.query_value("output").value_or("minimal") == "verbose")
        node["shards"] = std::move(list);
    return json_response(json::Object{{"nodes", json::Array{std::move(node)}}});
}

}  // namespace

std::vector<http::Route> status_routes(const Services& services) {
    const Answering answer = [services](http::Exchange& exchange) {
        return nodes(exchange, services);
    };
    return {
        probe("/v1/.well-known/live", 200),
        probe("/v1/.well-known/ready", 200),
        probe("/v1/.well-known/openid-configuration", 404),  // keys only
        meta(),
        reading("GET", "/v1/nodes", answer),
        reading("GET", "/v1/nodes/{class}", answer),
    };
}

std::vector<http::Route> routes(const Services& services) {
    std::vector<http::Route> out;
    for (auto group :
         {status_routes,
          schema_routes,
          schema_change_routes,
          alias_routes,
          tenant_routes,
          object_routes,
          reference_routes,
          batch_routes,
          graphql_routes,
          backup_routes})
        for (http::Route& route : group(services))
            out.push_back(std::move(route));
    return out;
}

}  // namespace moat::api::weaviate
