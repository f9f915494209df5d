#include "api/weaviate/object_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "api/weaviate/names.h"

namespace moat::api::weaviate {
namespace {

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// JSON has doubles; one whose shortest text is the float's shortest text.
double as_written(float number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    double out = 0;
    std::from_chars(text.data(), end, out);
    return out;
}

Status read_vectors(const json::Value& body, collections::Object& object) {
    if (const json::Value* vector = member(body, "vector")) {
        TRY_ASSIGN(object.vector, read_vector(*vector));
    }
    const json::Value* named = member(body, "vectors");
    if (named == nullptr) return Ok{};
    if (!named->is_object()) return invalid("vectors must be an object of lists");
    for (const auto& [name, value] : named->get_object()) {
        TRY_ASSIGN(std::vector<float> vector, read_vector(value));
        if (!vector.empty()) object.vectors.emplace(std::string(name), std::move(vector));
    }
    return Ok{};
}

}  // namespace

Result<std::vector<float>> read_vector(const json::Value& value) {
    const json::Array* list = value.if_array();
    if (list == nullptr) return invalid("a vector must be a list of numbers");
    std::vector<float> out;
    out.reserve(list->size());
    for (const json::Value& entry : *list) {
        if (!entry.is_number()) return invalid("a vector must be a list of numbers");
        const auto number = static_cast<float>(entry.to_number<double>());
        if (!std::isfinite(number)) return invalid("a number of the vector is too large");
        out.push_back(number);
    }
    return out;
}

Result<GivenObject> read_object(const json::Value& body) {
    if (!body.is_object()) return invalid("an object must be a JSON object");
    GivenObject given;
    TRY_ASSIGN(given.class_name, class_name(text_or(body, "class", "")));
    given.tenant = text_or(body, "tenant", "");
    if (const json::Value* id = member(body, "id")) {
        const auto uuid = parse_uuid(text_of(id, ""));
        if (!uuid) return invalid("id in body must be a UUID");
        given.object.id = *uuid;
        given.has_id = true;
    }
    if (!given.has_id) given.object.id = random_uuid();
    TRY(read_vectors(body, given.object));
    const json::Value* properties = member(body, "properties");
    if (properties == nullptr) return given;
    if (!properties->is_object()) return invalid("properties must be an object");
    for (const auto& [key, value] : properties->get_object()) {
        std::string name = property_name({key.data(), key.size()});
        if (value.is_null())
            given.nulls.push_back(std::move(name));
        else
            given.object.properties[name] = value;
    }
    return given;
}

json::Array vector_json(const std::vector<float>& vector) {
    json::Array out;
    out.reserve(vector.size());
    for (const float number : vector)
        out.emplace_back(as_written(number));
    return out;
}

std::vector<Target> targets_of(const json::Value& value) {
    std::vector<Target> out;
    for (const std::string& text : texts_of(&value)) {
        const std::size_t slash = text.find('/');
        if (slash == std::string::npos) continue;
        const auto id = parse_uuid(std::string_view(text).substr(slash + 1));
        if (id) out.push_back({.class_name = text.substr(0, slash), .id = *id});
    }
    return out;
}

json::Value value_json(
    const collections::Schema& schema, std::string_view property, const json::Value& value
) {
    const collections::Property* known = schema.find(property);
    if (known == nullptr || known->type != collections::DataType::reference) return value;
    json::Array out;
    for (const Target& target : targets_of(value))
        out.push_back(json::Object{
            {"beacon", to_text(Beacon{.class_name = target.class_name, .id = target.id})},
            {"href", fmt::format("/v1/objects/{}/{}", target.class_name, target.id.text())},
        });
    return out;
}

json::Object object_json(
    const collections::Schema& schema,
    const std::string& tenant,
    const collections::Object& object,
    bool with_vectors
) {
    json::Object properties;
    for (const auto& [key, value] : object.properties)
        properties[key] = value_json(schema, {key.data(), key.size()}, value);
    json::Object out{
        {"class", schema.name},
        {"creationTimeUnix", object.created_ms},
        {"id", object.id.text()},
        {"lastUpdateTimeUnix", object.updated_ms},
        {"properties", std::move(properties)},
    };
    if (!tenant.empty()) out["tenant"] = tenant;
    if (with_vectors && !object.vector.empty()) out["vector"] = vector_json(object.vector);
    if (with_vectors && !object.vectors.empty()) {
        json::Object vectors;
        for (const auto& [name, vector] : object.vectors)
            vectors[name] = vector_json(vector);
        out["vectors"] = std::move(vectors);
    }
    out["vectorWeights"] = nullptr;
    return out;
}

}  // namespace moat::api::weaviate
