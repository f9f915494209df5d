#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/errors.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/references.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"

namespace moat::api::weaviate {
namespace {

using collections::Object;
using collections::Property;
using http::Request;
using http::Response;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// As it is stored. Errors: invalid_argument.
Result<std::string> stored_text(const Property& property, const Beacon& to) {
    return collections::reference_text(property, json::Object{{"beacon", to_text(to)}});
}

Result<Property> reference_property(const collections::Schema& schema, const std::string& name) {
    const Property* property = schema.find(name);
    if (property == nullptr || property->type != collections::DataType::reference)
        return invalid(
            fmt::format("class {} has no reference property {}", schema.name, name.substr(0, 200))
        );
    return *property;
}

Result<Beacon> read_beacon(const json::Value& body) {
    return parse_beacon(text_or(body, "beacon", ""));
}

// The list of references of an object, changed by `change`.
using Change = std::function<void(std::vector<std::string>&)>;
Status change_references(
    const Services& services, const Principal& who, const Reference& at, const Change& change
) {
    TRY_ASSIGN(const auto collection, Classes(services).open(who, at.from_class, at.tenant, true));
    TRY(reference_property(collection->schema(), at.property));
    return collection->modify(who, at.from, [&](Object& object) -> Status {
        std::vector<std::string> references = texts_of(object.properties.if_contains(at.property));
        change(references);
        if (references.empty())
            object.properties.erase(at.property);
        else
            object.properties[at.property] = json::Array(references.begin(), references.end());
        return Ok{};
    });
}

struct Asked {
    Reference reference;  // its target is not set
    Property property;
};

Result<Asked> asked(const Request& request, const Services& services) {
    Asked out;
    TRY_ASSIGN(out.reference.from, id_in_path(request));
    out.reference.from_class = request.param("class");
    out.reference.tenant = tenant_in_query(request);
    out.reference.property = property_name(request.param("property"));
    const Classes classes(services);
    if (out.reference.from_class.empty()) {
        for (const collections::Schema& schema : classes.list(request.principal)) {
            const auto one = classes.open(request.principal, schema.name);
            if (one && !schema.tenancy.enabled &&
                (*one)->get(request.principal, out.reference.from, false))
                out.reference.from_class = schema.name;
        }
        if (out.reference.from_class.empty())
            return Error{ErrorCode::not_found, "no object has this id"};
    }
    TRY_ASSIGN(const auto collection, classes.open(request.principal, out.reference.from_class));
    TRY_ASSIGN(out.property, reference_property(collection->schema(), out.reference.property));
    return out;
}

Result<Response> add(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(Asked it, asked(request, services));
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(it.reference.to, read_beacon(body));
    TRY(add_reference(services, request.principal, it.reference));
    return empty_response(200);
}

Result<Response> replace(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(const Asked it, asked(request, services));
    TRY_ASSIGN(const json::Value body, read_json(request));
    if (!body.is_array()) return invalid("the body must be a list of beacons");
    std::vector<std::string> wanted;
    for (const json::Value& entry : body.get_array()) {
        TRY_ASSIGN(const Beacon beacon, read_beacon(entry));
        TRY_ASSIGN(std::string text, stored_text(it.property, beacon));
        wanted.push_back(std::move(text));
    }
    TRY(change_references(services, request.principal, it.reference, [&](auto& references) {
        references = wanted;
    }));
    return empty_response(200);
}

Result<Response> remove(http::Exchange& exchange, const Services& services) {
    const Request& request = exchange.request();
    TRY_ASSIGN(const Asked it, asked(request, services));
    TRY_ASSIGN(const json::Value body, read_json(request));
    TRY_ASSIGN(const Beacon beacon, read_beacon(body));
    TRY_ASSIGN(const std::string text, stored_text(it.property, beacon));
    TRY(change_references(services, request.principal, it.reference, [&](auto& references) {
        std::erase(references, text);
    }));
    return empty_response(204);
}

}  // namespace

Status add_reference(const Services& services, const Principal& who, const Reference& reference) {
    TRY_ASSIGN(const auto collection, Classes(services).open(who, reference.from_class));
    TRY_ASSIGN(
        const Property property, reference_property(collection->schema(), reference.property)
    );
    TRY_ASSIGN(const std::string text, stored_text(property, reference.to));
    return change_references(services, who, reference, [&](auto& references) {
        if (std::ranges::find(references, text) == references.end()) references.push_back(text);
    });
}

std::vector<http::Route> reference_routes(const Services& services) {
    const auto with = [services](auto handler) -> Answering {
        return
            [services, handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    std::vector<http::Route> out;
    for (const std::string path :
         {"/v1/objects/{class}/{id}/references/{property}", "/v1/objects/{id}/references/{property}"
         }) {
        out.push_back(writing("POST", path, with(add)));
        out.push_back(writing("PUT", path, with(replace)));
        out.push_back(writing("DELETE", path, with(remove)));
    }
    return out;
}

}  // namespace moat::api::weaviate
