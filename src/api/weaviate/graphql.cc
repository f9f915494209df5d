#include "api/weaviate/graphql.h"

#include <fmt/format.h>

#include "api/weaviate/names.h"

namespace moat::api::weaviate {
namespace {

// Marks an error as one of the query's form, which takes all data away.
constexpr std::string_view kNoField = "Cannot query field";

struct Reply {
    json::Object data;
    json::Array errors;
    bool malformed = false;

    void fail(const Error& error, json::Array path) {
        malformed = malformed || error.message.starts_with(kNoField);
        errors.push_back(json::Object{
            {"locations", json::Array{json::Object{{"column", 1}, {"line", 1}}}},
            {"message", error.message},
            {"path", std::move(path)},
        });
    }
};

Result<json::Value> answer_class(
    const Services& services,
    const Principal& who,
    const std::string& root,
    const GraphqlField& field,
    const std::stop_token& stop
) {
    return root == "Get" ? answer_get(services, who, field, stop)
                         : answer_aggregate(services, who, field, stop);
}

}  // namespace

Error no_such_field(std::string_view field, std::string_view type) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("{} \"{}\" on type \"{}\".", kNoField, field.substr(0, 200), type)
    };
}

json::Object answer_graphql(
    const Services& services,
    const Principal& who,
    const std::vector<GraphqlField>& query,
    std::stop_token stop
) {
    Reply reply;
    for (const GraphqlField& root : query) {
        if (root.name != "Get" && root.name != "Aggregate") {
            reply.fail(no_such_field(root.name, "WeaviateObj"), {root.key});
            continue;
        }
        json::Object classes;
        for (const GraphqlField& field : root.fields) {
            auto answer = answer_class(services, who, root.name, field, stop);
            if (!answer) reply.fail(answer.error(), {root.key, field.key});
            classes[field.key] = answer ? *std::move(answer) : json::Value();
        }
        reply.data[root.key] = std::move(classes);
    }
    json::Object out;
    out["data"] = reply.malformed ? json::Value() : json::Value(std::move(reply.data));
    if (!reply.errors.empty()) out["errors"] = std::move(reply.errors);
    return out;
}

}  // namespace moat::api::weaviate
