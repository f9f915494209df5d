#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/batch_delete.h"
#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/references.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"
#include "api/weaviate/where.h"

namespace moat::api::weaviate {
namespace {

using http::Request;
using http::Response;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

json::Object result_json(const Status& status) {
    if (status) return {{"status", "SUCCESS"}};
    return {{"status", "FAILED"}, {"errors", json::Object{{"error", error_list(status.error())}}}};
}

// Reads what can be read; a place in `errors` for each that cannot.
std::vector<GivenObject> read_objects(const json::Array& list, std::vector<Status>& errors) {
    std::vector<GivenObject> out;
    for (const json::Value& entry : list) {
        auto given = read_object(entry);
        if (!given) errors[out.size()] = given.error();
        out.push_back(given ? *std::move(given) : GivenObject{});
    }
    return out;
}

// The row of one object: what was sent, with its id and how it went.
json::Object row_json(const json::Value& sent, const GivenObject& given, const Status& status) {
    json::Object out;
    if (sent.is_object()) out = sent.get_object();
    out.erase("vector");
    out.erase("vectors");
    out["id"] = given.object.id.text();
    if (status) out["class"] = given.class_name;
    out["deprecations"] = nullptr;
    out["result"] = result_json(status);
    return out;
}

Result<Response> write_objects(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(const json::Value body, read_json(request));
    const json::Value* list = member(body, "objects");
    if (list == nullptr || !list->is_array() || list->get_array().empty())
        return invalid(
            "invalid param 'objects': cannot be empty, need at least one object for batching"
        );
    const json::Array& sent = list->get_array();
    std::vector<Status> statuses(sent.size(), Status(Ok{}));
    std::vector<GivenObject> given = read_objects(sent, statuses);
    std::vector<GivenObject> good;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (!statuses[i]) continue;
        good.push_back(std::move(given[i]));
        places.push_back(i);
    }
    std::vector<Status> written =
        Classes(services).write(request.principal, good, exchange.client_gone());
    for (std::size_t i = 0; i < places.size(); ++i) {
        statuses[places[i]] = std::move(written[i]);
        given[places[i]] = std::move(good[i]);
    }
    json::Array out;
    for (std::size_t i = 0; i < sent.size(); ++i)
        out.push_back(row_json(sent[i], given[i], statuses[i]));
    return json_response(out);
}

// weaviate://localhost/Class/uuid/property
Result<Reference> read_reference(const json::Value& body) {
    Reference out;
    std::string from = text_or(body, "from", "");
    const std::size_t slash = from.rfind('/');
    if (slash == std::string::npos) return invalid("from must be a beacon and a property");
    out.property = property_name(from.substr(slash + 1));
    from.resize(slash);
    TRY_ASSIGN(const Beacon source, parse_beacon(from));
    if (source.class_name.empty()) return invalid("from must name a class");
    out.from_class = source.class_name;
    out.from = source.id;
    TRY_ASSIGN(out.to, parse_beacon(text_or(body, "to", "")));
    out.tenant = text_or(body, "tenant", "");
    return out;
}

Result<Response> write_references(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(const json::Value body, read_json(request));
    if (!body.is_array() || body.get_array().empty())
        return invalid("the body must be a list of references, and not empty");
    json::Array out;
    for (const json::Value& entry : body.get_array()) {
        const auto reference = read_reference(entry);
        const Status status = reference ? add_reference(services, request.principal, *reference)
                                        : Status(reference.error());
        json::Object row;
        if (entry.is_object()) row = entry.get_object();
        row["result"] = result_json(status);
        out.push_back(std::move(row));
    }
    return json_response(out);
}

json::Object match_json(const json::Value& match) {
    return match.is_object() ? match.get_object() : json::Object{};
}

Result<Response> delete_objects(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(const json::Value body, read_json(request));
    const json::Value* match = member(body, "match");
    const json::Value* where = match != nullptr ? member(*match, "where") : nullptr;
    if (where == nullptr) return invalid("match needs a class and a where");
    DeleteRequest wanted{
        .class_name = text_or(*match, "class", ""),
        .tenant = tenant_in_query(request),
        .filter = {},
        .dry_run = flag_or(body, "dryRun", false),
    };
    TRY_ASSIGN(wanted.filter, read_where(*where));
    const std::string output = text_or(body, "output", "minimal");
    const auto deleted = delete_matching(services, request.principal, wanted);
    if (!deleted && deleted.error().code == ErrorCode::not_found)
        return invalid(deleted.error().message);
    if (!deleted) return deleted.error();
    json::Value rows;
    if (output == "verbose") {
        const std::string_view status = wanted.dry_run     ? "DRYRUN"
                                        : deleted->failure ? "FAILED"
                                                           : "SUCCESS";
        json::Array list;
        for (const Uuid& id : deleted->ids) {
            json::Object row{{"id", id.text()}, {"status", status}};
            if (deleted->failure)
                row["errors"] = json::Object{{"error", error_list(*deleted->failure)}};
            list.push_back(std::move(row));
        }
        rows = std::move(list);
    }
    const std::size_t tried = wanted.dry_run ? 0 : deleted->ids.size();
    const json::Object results{
        {"matches", deleted->matches},
        {"limit", kMaxDeletes},
        {"successful", deleted->failure ? 0 : tried},
        {"failed", deleted->failure ? tried : 0},
        {"objects", std::move(rows)},
    };
    return json_response(json::Object{
        {"match", match_json(*match)},
        {"output", output},
        {"dryRun", wanted.dry_run},
        {"results", results},
    });
}

}  // namespace

Result<Deleted> delete_matching(
    const Services& services, const Principal& who, const DeleteRequest& request
) {
    TRY_ASSIGN(
        const auto collection,
        Classes(services).open(who, request.class_name, request.tenant, !request.dry_run)
    );
    Deleted out;
    TRY_ASSIGN(out.matches, collection->count(who, request.filter));
    TRY_ASSIGN(
        const auto objects, collection->list(who, {.limit = kMaxDeletes, .filter = request.filter})
    );
    for (const collections::Object& object : objects)
        out.ids.push_back(object.id);
    if (request.dry_run || out.ids.empty()) return out;
    const Status removed = collection->write(who, {.removes = out.ids});
    if (!removed) out.failure = removed.error();
    return out;
}

std::vector<http::Route> batch_routes(const Services& services) {
    const auto with = [services](auto handler) -> Answering {
        return
            [services, handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    return {
        writing("POST", "/v1/batch/objects", with(write_objects)),
        writing("DELETE", "/v1/batch/objects", with(delete_objects)),
        writing("POST", "/v1/batch/references", with(write_references)),
    };
}

}  // namespace moat::api::weaviate
