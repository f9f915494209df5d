#include "cli/weaviate_api.h"

#include <algorithm>
#include <iterator>
#include <span>

#include <fmt/core.h>

namespace moat::cli {
namespace {

constexpr std::size_t kPageObjects = 200;
constexpr std::size_t kTenantsAtOnce = 500;
// The cursor goes on after an id, and an empty one is taken for none.
constexpr std::string_view kFirstId = "00000000-0000-0000-0000-000000000000";

Error strange(std::string_view what) {
    return Error{ErrorCode::corrupt, fmt::format("the server sent no {}", what)};
}

std::string tenant_query(const WeaviateApi::Part& part, std::string_view before) {
    if (part.tenant.empty()) return {};
    return fmt::format("{}tenant={}", before, url_encode(part.tenant));
}

Result<std::vector<json::Object>> objects_in(const json::Value& value, std::string_view key) {
    const json::Array* list = json::find_array(value, key);
    if (list == nullptr) return strange(fmt::format("list of {}", key));
    std::vector<json::Object> out;
    for (const json::Value& entry : *list) {
        if (!entry.is_object()) return strange(fmt::format("list of {}", key));
        out.push_back(entry.get_object());
    }
    return out;
}

// What of an object is written: the server that takes it says itself when that was.
json::Object writable(const WeaviateApi::Part& part, json::Object object) {
    json::Object out{{"class", part.class_name}};
    if (!part.tenant.empty()) out["tenant"] = part.tenant;
    for (const std::string_view key : {"id", "properties", "vector", "vectors"}) {
        json::Value* value = object.if_contains(key);
        if (value != nullptr && !value->is_null()) out[key] = std::move(*value);
    }
    return out;
}

// {"result":{"status","errors":{"error":[{"message"}]}}}
std::string failure_of(const json::Value& row) {
    const json::Value* result = json::find(row, "result");
    if (result == nullptr || json::string_or(*result, "status") == "SUCCESS") return {};
    const json::Value* errors = json::find(*result, "errors");
    const json::Array* list = errors ? json::find_array(*errors, "error") : nullptr;
    const std::string text =
        list && !list->empty() ? json::string_or(list->front(), "message") : std::string();
    return text.empty() ? "refused without a reason" : text;
}

}  // namespace

Result<std::string> WeaviateApi::version() {
    TRY_ASSIGN(const json::Value meta, api_.get("/v1/meta"));
    const std::string version = json::string_or(meta, "version");
    if (version.empty()) return strange("version: it speaks another protocol");
    return version;
}

Result<std::vector<json::Object>> WeaviateApi::classes() {
    TRY_ASSIGN(const json::Value schema, api_.get("/v1/schema"));
    // Null where there is none.
    if (const json::Value* list = json::find(schema, "classes"); list && list->is_null())
        return std::vector<json::Object>();
    return objects_in(schema, "classes");
}

Status WeaviateApi::create_class(const json::Object& definition) {
    TRY(api_.post("/v1/schema", definition));
    return Ok{};
}

Result<std::vector<WeaviateApi::Alias>> WeaviateApi::aliases() {
    const auto reply = api_.get("/v1/aliases");
    std::vector<Alias> out;
    if (!reply && reply.error().code == ErrorCode::not_found) return out;
    if (!reply) return reply.error();
    if (const json::Array* list = json::find_array(*reply, "aliases"))
        for (const json::Value& each : *list)
            out.push_back({json::string_or(each, "alias"), json::string_or(each, "class")});
    return out;
}

Status WeaviateApi::create_alias(const Alias& alias) {
    TRY(api_.post("/v1/aliases", json::Object{{"alias", alias.name}, {"class", alias.class_name}}));
    return Ok{};
}

Result<std::vector<WeaviateApi::Tenant>> WeaviateApi::tenants(const std::string& class_name) {
    TRY_ASSIGN(
        const json::Value reply, api_.get("/v1/schema/" + url_encode(class_name) + "/tenants")
    );
    if (!reply.is_array()) return strange("list of tenants");
    std::vector<Tenant> out;
    for (const json::Value& each : reply.get_array()) {
        const std::string status = json::string_or(each, "activityStatus", "HOT");
        out.push_back({json::string_or(each, "name"), status == "HOT" || status == "ACTIVE"});
    }
    return out;
}

Status WeaviateApi::add_tenants(const std::string& class_name, const std::vector<Tenant>& tenants) {
    for (std::size_t begin = 0; begin < tenants.size(); begin += kTenantsAtOnce) {
        json::Array list;
        const std::size_t count = std::min(kTenantsAtOnce, tenants.size() - begin);
        for (const Tenant& tenant : std::span(tenants).subspan(begin, count))
            list.push_back(json::Object{{"name", tenant.name}, {"activityStatus", "HOT"}});
        TRY(api_.post("/v1/schema/" + url_encode(class_name) + "/tenants", list));
    }
    return Ok{};
}

Result<std::uint64_t> WeaviateApi::count(const Part& part) {
    const std::string tenant =
        part.tenant.empty() ? ""
                            : fmt::format("(tenant:{})", json::write(json::Value(part.tenant)));
    const std::string query =
        fmt::format("{{Aggregate{{{}{}{{meta{{count}}}}}}}}", part.class_name, tenant);
    TRY_ASSIGN(const json::Value reply, api_.post("/v1/graphql", json::Object{{"query", query}}));
    if (const json::Array* errors = json::find_array(reply, "errors"); errors && !errors->empty())
        return Error{ErrorCode::internal, json::string_or(errors->front(), "message")};
    const json::Value* at = json::find(reply, "data");
    if (at != nullptr) at = json::find(*at, "Aggregate");
    const json::Array* rows = at ? json::find_array(*at, part.class_name) : nullptr;
    const json::Value* meta = rows && !rows->empty() ? json::find(rows->front(), "meta") : nullptr;
    const std::int64_t count = meta ? json::int_or(*meta, "count", -1) : -1;
    if (count < 0) return strange("count");
    return static_cast<std::uint64_t>(count);
}

Result<std::vector<json::Object>> WeaviateApi::object_without_predecessor(const Part& part) {
    const std::string path = fmt::format(
        "/v1/objects/{}/{}?include=vector{}",
        url_encode(part.class_name),
        kFirstId,
        tenant_query(part, "&")
    );
    const auto found = api_.get(path);
    std::vector<json::Object> out;
    if (found && found->is_object()) out.push_back(found->get_object());
    if (found || found.error().code == ErrorCode::not_found) return out;
    return found.error();
}

Result<std::vector<json::Object>> WeaviateApi::page(const Part& part, const std::string& after) {
    std::vector<json::Object> out;
    if (after.empty()) {
        TRY_ASSIGN(out, object_without_predecessor(part));
    }
    const std::string path = fmt::format(
        "/v1/objects?class={}&limit={}&after={}&include=vector{}",
        url_encode(part.class_name),
        kPageObjects,
        after.empty() ? kFirstId : std::string_view(after),
        tenant_query(part, "&")
    );
    TRY_ASSIGN(const json::Value reply, api_.get(path));
    TRY_ASSIGN(auto objects, objects_in(reply, "objects"));
    std::ranges::move(objects, std::back_inserter(out));
    return out;
}

Result<std::vector<std::string>> WeaviateApi::write(
    const Part& part, std::vector<json::Object> objects
) {
    json::Array list;
    for (json::Object& object : objects)
        list.push_back(writable(part, std::move(object)));
    const std::size_t count = list.size();
    TRY_ASSIGN(
        const json::Value rows,
        api_.post("/v1/batch/objects", json::Object{{"objects", std::move(list)}})
    );
    if (!rows.is_array() || rows.get_array().size() != count) return strange("result of a batch");
    std::vector<std::string> out;
    for (const json::Value& row : rows.get_array())
        out.push_back(failure_of(row));
    return out;
}

}  // namespace moat::cli
