#include <algorithm>

#include "api/weaviate/batch_delete.h"
#include "api/weaviate/names.h"
#include "api/weaviate/references.h"
#include "api/weaviate/routes.h"
#include "api/weaviate/rpc_message.h"
#include "api/weaviate/rpc_methods.h"
#include "api/weaviate/rpc_query.h"
#include "api/weaviate/rpc_values.h"

namespace moat::api::weaviate {
namespace {

template <class Reply>
void add_error(Reply& reply, std::size_t index, const Error& error) {
    wire::BatchError& out = *reply.add_errors();
    out.set_index(static_cast<std::int32_t>(index));
    out.set_error(error.message);
}

Result<Reference> read_reference(const wire::BatchReference& from) {
    Reference out;
    TRY_ASSIGN(out.from_class, class_name(from.from_collection()));
    TRY_ASSIGN(out.from, parse_uuid(from.from_uuid()));
    out.property = property_name(from.name());
    out.tenant = from.tenant();
    if (from.has_to_collection() && !from.to_collection().empty()) {
        TRY_ASSIGN(out.to.class_name, class_name(from.to_collection()));
    }
    TRY_ASSIGN(out.to.id, parse_uuid(from.to_uuid()));
    return out;
}

// Whoever asks, and whatever service is meant: the server that answers is there.
Result<std::string> check_health(const RpcCall&) {
    return std::string("\x08\x01", 2);  // field 1, status: 1, SERVING
}

}  // namespace

Result<std::string> rpc_batch_objects(const Services& services, const RpcCall& call) {
    const Time begun = begin();
    wire::BatchObjectsRequest request;
    TRY(parse_message(call.message, request));
    wire::BatchObjectsReply reply;
    std::vector<GivenObject> given;
    std::vector<std::size_t> places;
    for (int i = 0; i < request.objects_size(); ++i) {
        auto object = read_object(request.objects(i));
        if (!object) {
            add_error(reply, static_cast<std::size_t>(i), object.error());
            continue;
        }
        given.push_back(*std::move(object));
        places.push_back(static_cast<std::size_t>(i));
    }
    const std::vector<Status> written =
        Classes(services).write(call.principal, given, call.client_gone);
    for (std::size_t i = 0; i < written.size(); ++i)
        if (!written[i]) add_error(reply, places[i], written[i].error());
    return finish(reply, begun);
}

Result<std::string> rpc_batch_references(const Services& services, const RpcCall& call) {
    const Time begun = begin();
    wire::BatchReferencesRequest request;
    TRY(parse_message(call.message, request));
    wire::BatchReferencesReply reply;
    for (int i = 0; i < request.references_size(); ++i) {
        const auto reference = read_reference(request.references(i));
        const Status status = reference ? add_reference(services, call.principal, *reference)
                                        : Status(reference.error());
        if (!status) add_error(reply, static_cast<std::size_t>(i), status.error());
    }
    return finish(reply, begun);
}

Result<std::string> rpc_batch_delete(const Services& services, const RpcCall& call) {
    const Time begun = begin();
    wire::BatchDeleteRequest request;
    TRY(parse_message(call.message, request));
    const Classes classes(services);
    const auto schema_of = [&](std::string_view name) -> Result<collections::Schema> {
        TRY_ASSIGN(const auto collection, classes.open(call.principal, name));
        return collection->schema();
    };
    TRY_ASSIGN(const collections::Schema schema, schema_of(request.collection()));
    DeleteRequest wanted{
        .class_name = request.collection(),
        .tenant = request.tenant(),
        .filter = {},
        .dry_run = request.dry_run(),
    };
    TRY_ASSIGN(wanted.filter, read_filters(request.filters(), schema, schema_of));
    TRY_ASSIGN(const Deleted deleted, delete_matching(services, call.principal, wanted));
    wire::BatchDeleteReply reply;
    reply.set_matches(static_cast<std::int64_t>(deleted.matches));
    const auto tried = static_cast<std::int64_t>(deleted.ids.size());
    reply.set_successful(deleted.failure ? 0 : tried);
    reply.set_failed(deleted.failure ? tried : 0);
    for (const Uuid& id : deleted.ids) {
        if (!request.verbose()) break;
        wire::BatchDeleteObject& object = *reply.add_objects();
        object.set_uuid(id.bytes.data(), id.bytes.size());
        object.set_successful(!deleted.failure);
        if (deleted.failure) object.set_error(deleted.failure->message);
    }
    return finish(reply, begun);
}

Result<std::string> rpc_tenants_get(const Services& services, const RpcCall& call) {
    const Time begun = begin();
    wire::TenantsGetRequest request;
    TRY(parse_message(call.message, request));
    TRY_ASSIGN(const auto collection, Classes(services).open(call.principal, request.collection()));
    TRY_ASSIGN(const auto tenants, collection->tenants(call.principal));
    const auto& names = request.names().values();
    wire::TenantsGetReply reply;
    for (const collections::Tenant& tenant : tenants) {
        if (request.has_names() && std::ranges::find(names, tenant.name) == names.end()) continue;
        wire::Tenant& out = *reply.add_tenants();
        out.set_name(tenant.name);
        out.set_activity_status(tenant.active ? 1 : 2);
    }
    return finish(reply, begun);
}

std::vector<RpcMethod> rpc_methods(const Services& services) {
    using Method = Result<std::string> (*)(const Services&, const RpcCall&);
    const auto method = [services](std::string name, Role needs, Method answer) {
        return RpcMethod{
            .path = "/weaviate.v1.Weaviate/" + std::move(name),
            .needs = needs,
            .answer = [services, answer](const RpcCall& call) { return answer(services, call); }
        };
    };
    return {
        {.path = "/grpc.health.v1.Health/Check", .needs = Role::nobody, .answer = check_health},
        method("Search", Role::user, rpc_search),
        method("Aggregate", Role::user, rpc_aggregate),
        method("TenantsGet", Role::user, rpc_tenants_get),
        method("BatchObjects", Role::admin, rpc_batch_objects),
        method("BatchReferences", Role::admin, rpc_batch_references),
        method("BatchDelete", Role::admin, rpc_batch_delete),
    };
}

}  // namespace moat::api::weaviate
