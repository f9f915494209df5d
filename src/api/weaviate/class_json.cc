#include "api/weaviate/class_json.h"

#include <cmath>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "api/weaviate/vector_config.h"

namespace moat::api::weaviate {
namespace {

using collections::NamedVector;
using collections::Schema;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

json::Array array_of(const std::vector<std::string>& texts) {
    return json::Array(texts.begin(), texts.end());
}

Status read_vectors(const json::Value& body, Schema& schema) {
    const json::Value* named = member(body, "vectorConfig");
    if (named == nullptr || !named->is_object() || named->get_object().empty()) {
        TRY_ASSIGN(VectorConfig config, read_class_vector(body));
        schema.distance = config.distance;
        schema.code_width = config.code_width;
        schema.wire = std::move(config.wire);
        schema.wire["vectorizer"] = config.vectorizer;
        return Ok{};
    }
    for (const auto& [key, value] : named->get_object()) {
        const std::string_view name(key.data(), key.size());
        TRY_ASSIGN(VectorConfig config, read_named_vector(name, value));
        schema.vectors.push_back(
            {.name = std::string(name),
             .distance = config.distance,
             .wire = std::move(config.wire),
             .code_width = config.code_width}
        );
    }
    return Ok{};
}

Status read_inverted_index(const json::Value& body, Schema& schema) {
    // Weaviate's own default is the English list.
    schema.stopwords.english = true;
    const json::Value* config = member(body, "invertedIndexConfig");
    if (config == nullptr) return Ok{};
    schema.index_lengths = flag_or(*config, "indexPropertyLength", false);
    if (const json::Value* bm25 = member(*config, "bm25")) {
        schema.bm25.k1 = number_or(*bm25, "k1", schema.bm25.k1);
        schema.bm25.b = number_or(*bm25, "b", schema.bm25.b);
        if (schema.bm25.k1 < 0 || schema.bm25.b < 0 || schema.bm25.b > 1)
            return invalid("bm25: k1 must not be negative, and b must be between 0 and 1");
    }
    if (const json::Value* stopwords = member(*config, "stopwords")) {
        const std::string preset = text_or(*stopwords, "preset", "en");
        if (preset != "en" && preset != "none")
            return invalid(fmt::format("stopwords.preset '{}' is none of en and none", preset));
        schema.stopwords.english = preset == "en";
        schema.stopwords.additions = texts_of(member(*stopwords, "additions"));
        schema.stopwords.removals = texts_of(member(*stopwords, "removals"));
    }
    json::Object kept;
    for (const std::string_view name : {"indexNullState", "indexTimestamps"})
        if (const json::Value* value = member(*config, name)) kept[name] = *value;
    schema.wire["invertedIndexConfig"] = std::move(kept);
    return Ok{};
}

Status read_ttl(const json::Value& body, Schema& schema) {
    const json::Value* config = member(body, "objectTtlConfig");
    if (config == nullptr || !flag_or(*config, "enabled", true)) return Ok{};
    const double seconds = number_or(*config, "defaultTtl", 0);
    if (seconds < 0 || seconds > 1e10 || !std::isfinite(seconds))
        return invalid("objectTtlConfig.defaultTtl must be a number of seconds");
    std::string on = text_or(*config, "deleteOn", "_creationTimeUnix");
    if (on == "_creationTimeUnix") on = "_created_ms";
    if (on == "_lastUpdateTimeUnix") on = "_updated_ms";
    schema.ttl = collections::TimeToLive{
        .property = std::move(on), .after = std::chrono::seconds(static_cast<std::int64_t>(seconds))
    };
    return Ok{};
}

void read_tenancy(const json::Value& body, Schema& schema) {
    const json::Value* config = member(body, "multiTenancyConfig");
    if (config == nullptr) return;
    schema.tenancy = {
        .enabled = flag_or(*config, "enabled", false),
        .create_on_write = flag_or(*config, "autoTenantCreation", false),
        .activate_on_use = flag_or(*config, "autoTenantActivation", false),
    };
}

Status read_properties(const json::Value& body, Schema& schema) {
    const json::Value* properties = member(body, "properties");
    if (properties == nullptr) return Ok{};
    if (!properties->is_array()) return invalid("properties must be a list");
    for (const json::Value& entry : properties->get_array()) {
        TRY_ASSIGN(collections::Property property, read_property(entry));
        schema.properties.push_back(std::move(property));
    }
    return Ok{};
}

json::Object inverted_index_json(const Schema& schema) {
    const json::Value* kept = member(schema.wire, "invertedIndexConfig");
    const json::Value none = json::Object{};
    const json::Value& flags = kept == nullptr ? none : *kept;
    return {
        {"bm25", json::Object{{"b", schema.bm25.b}, {"k1", schema.bm25.k1}}},
        {"cleanupIntervalSeconds", 60},
        {"indexNullState", flag_or(flags, "indexNullState", false)},
        {"indexPropertyLength", schema.index_lengths},
        {"indexTimestamps", flag_or(flags, "indexTimestamps", false)},
        {"stopwords",
         json::Object{
             {"preset", schema.stopwords.english ? "en" : "none"},
             {"additions", array_of(schema.stopwords.additions)},
             {"removals", array_of(schema.stopwords.removals)}
         }},
    };
}

json::Object sharding_json() {
    return {
        {"virtualPerPhysical", 128},
        {"desiredCount", 1},
        {"actualCount", 1},
        {"desiredVirtualCount", 128},
        {"actualVirtualCount", 128},
        {"key", "_id"},
        {"strategy", "hash"},
        {"function", "murmur3"},
    };
}

// The settings of the module that makes the vectors must be there, empty or not.
json::Object module_config_json(const Schema& schema) {
    json::Object out;
    if (const json::Value* kept = member(schema.wire, "moduleConfig"); kept && kept->is_object())
        out = kept->get_object();
    const std::string vectorizer = vectorizer_of(schema, "");
    if (vectorizer != "none" && !out.contains(vectorizer)) out[vectorizer] = json::Object{};
    return out;
}

void write_vectors(const Schema& schema, json::Object& out) {
    if (schema.vectors.empty()) {
        out["vectorizer"] = vectorizer_of(schema, "");
        out["vectorIndexType"] = index_type_of(schema.wire);
        out["vectorIndexConfig"] = index_config_of(schema.wire, schema.distance);
        return;
    }
    json::Object named;
    for (const NamedVector& vector : schema.vectors) {
        const json::Value* vectorizer = member(vector.wire, "vectorizer");
        named[vector.name] = json::Object{
            {"vectorizer",
             vectorizer ? *vectorizer : json::Value(json::Object{{"none", json::Object{}}})},
            {"vectorIndexType", index_type_of(vector.wire)},
            {"vectorIndexConfig", index_config_of(vector.wire, vector.distance)},
        };
    }
    out["vectorConfig"] = std::move(named);
}

json::Object ttl_json(const Schema& schema) {
    if (!schema.ttl) return {{"enabled", false}};
    std::string on = schema.ttl->property;
    if (on == "_created_ms") on = "_creationTimeUnix";
    if (on == "_updated_ms") on = "_lastUpdateTimeUnix";
    return {
        {"enabled", true},
        {"defaultTtl", schema.ttl->after.count()},
        {"deleteOn", on},
        {"filterExpiredObjects", true},
    };
}

}  // namespace

Result<Schema> read_class(const json::Value& body) {
    if (!body.is_object()) return invalid("a class must be an object");
    Schema schema;
    TRY_ASSIGN(schema.name, class_name(text_or(body, "class", "")));
    schema.description = text_or(body, "description", "");
    TRY(read_vectors(body, schema));
    TRY(read_properties(body, schema));
    TRY(read_inverted_index(body, schema));
    TRY(read_ttl(body, schema));
    read_tenancy(body, schema);
    if (const json::Value* modules = member(body, "moduleConfig"))
        schema.wire["moduleConfig"] = *modules;
    return schema;
}

json::Object class_json(const Schema& schema) {
    json::Object out{{"class", schema.name}};
    if (!schema.description.empty()) out["description"] = schema.description;
    json::Array properties;
    for (const collections::Property& property : schema.properties)
        properties.emplace_back(property_json(property));
    out["properties"] = std::move(properties);
    write_vectors(schema, out);
    if (json::Object modules = module_config_json(schema); !modules.empty())
        out["moduleConfig"] = std::move(modules);
    out["invertedIndexConfig"] = inverted_index_json(schema);
    out["multiTenancyConfig"] = json::Object{
        {"enabled", schema.tenancy.enabled},
        {"autoTenantCreation", schema.tenancy.create_on_write},
        {"autoTenantActivation", schema.tenancy.activate_on_use},
    };
    out["replicationConfig"] = json::Object{
        {"factor", 1}, {"asyncEnabled", false}, {"deletionStrategy", "NoAutomatedResolution"}
    };
    out["shardingConfig"] = sharding_json();
    if (schema.ttl) out["objectTtlConfig"] = ttl_json(schema);
    return out;
}

std::string vectorizer_of(const Schema& schema, std::string_view vector) {
    if (vector.empty()) return text_or(schema.wire, "vectorizer", "none");
    const NamedVector* named = schema.find_vector(vector);
    const json::Value* vectorizer = named ? member(named->wire, "vectorizer") : nullptr;
    if (vectorizer == nullptr || !vectorizer->is_object()) return "none";
    return std::string(vectorizer->get_object().begin()->key());
}

json::Object vectorizer_settings(const Schema& schema, std::string_view vector) {
    const json::Value* all = nullptr;
    if (vector.empty()) {
        all = member(schema.wire, "moduleConfig");
    } else if (const NamedVector* named = schema.find_vector(vector)) {
        all = member(named->wire, "vectorizer");
    }
    const json::Value* settings = all ? member(*all, vectorizer_of(schema, vector)) : nullptr;
    return settings && settings->is_object() ? settings->get_object() : json::Object{};
}

}  // namespace moat::api::weaviate
