#include "api/weaviate/vector_config.h"

#include <fmt/format.h>

#include "api/weaviate/names.h"

namespace moat::api::weaviate {
namespace {

using collections::Distance;

json::Object off() {
    return {{"enabled", false}};
}

json::Object hnsw_defaults() {
    return {
        {"skip", false},
        {"cleanupIntervalSeconds", 300},
        {"maxConnections", 32},
        {"efConstruction", 128},
        {"ef", -1},
        {"dynamicEfMin", 100},
        {"dynamicEfMax", 500},
        {"dynamicEfFactor", 8},
        {"vectorCacheMaxObjects", 1'000'000'000'000},
        {"flatSearchCutoff", 40'000},
        {"filterStrategy", "acorn"},
        {"pq", off()},
        {"bq", off()},
        {"sq", off()},
        {"multivector", off()},
    };
}

json::Object flat_defaults() {
    return {
        {"vectorCacheMaxObjects", 1'000'000'000'000}, {"pq", off()}, {"bq", off()}, {"sq", off()}
    };
}

void lay_over(json::Object& out, const json::Value* given) {
    if (given == nullptr || !given->is_object()) return;
    for (const auto& [key, value] : given->get_object())
        if (!value.is_null()) out.insert_or_assign(key, value);
}

bool is_enabled(const json::Value& config, std::string_view compression) {
    const json::Value* settings = member(config, compression);
    return settings != nullptr && flag_or(*settings, "enabled", false);
}

std::optional<collections::CodeWidth> code_width_of(const json::Value& config) {
    using collections::CodeWidth;
    if (is_enabled(config, "rq")) {
        const double bits = number_or(*member(config, "rq"), "bits", 8);
        return bits < 8 ? CodeWidth::four : CodeWidth::eight;
    }
    if (is_enabled(config, "sq")) return CodeWidth::eight;
    if (is_enabled(config, "pq") || is_enabled(config, "bq")) return CodeWidth::four;
    const json::Value* grown = member(config, "hnsw");  // of the type dynamic
    return grown != nullptr && grown->is_object() ? code_width_of(*grown) : std::nullopt;
}

Status read_index(const json::Value& body, VectorConfig& out) {
    const std::string type = text_or(body, "vectorIndexType", "hnsw");
    if (type != "hnsw" && type != "flat" && type != "dynamic")
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("vectorIndexType '{}' is none of hnsw, flat and dynamic", type)
        };
    out.wire["vectorIndexType"] = type;
    const json::Value* config = member(body, "vectorIndexConfig");
    if (config == nullptr) return Ok{};
    if (!config->is_object())
        return Error{ErrorCode::invalid_argument, "vectorIndexConfig must be an object"};
    if (const json::Value* multi = member(*config, "multivector");
        multi != nullptr && flag_or(*multi, "enabled", false))
        return Error{ErrorCode::unsupported, "several vectors for one name are not supported"};
    TRY_ASSIGN(out.distance, parse_distance(text_or(*config, "distance", "cosine")));
    out.code_width = code_width_of(*config);
    out.wire["vectorIndexConfig"] = *config;
    return Ok{};
}

Status check_vectorizer(std::string_view name) {
    if (name == "none" || embeds_text(name)) return Ok{};
    return Error{
        ErrorCode::invalid_argument,
        fmt::format(
            "there is no vectorizer '{}' here: use 'none', or any text2vec-* for Moat's own "
            "embedding model",
            name
        )
    };
}

}  // namespace

std::string_view to_text(Distance distance) {
    switch (distance) {
        case Distance::cosine:
            return "cosine";
        case Distance::dot:
            return "dot";
        case Distance::l2_squared:
            return "l2-squared";
        case Distance::manhattan:
            return "manhattan";
        case Distance::hamming:
            return "hamming";
    }
    return "cosine";
}

Result<Distance> parse_distance(std::string_view text) {
    for (const Distance distance :
         {Distance::cosine,
          Distance::dot,
          Distance::l2_squared,
          Distance::manhattan,
          Distance::hamming})
        if (to_text(distance) == text) return distance;
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("distance '{}' is none of cosine, dot, l2-squared, manhattan and hamming", text)
    };
}

bool embeds_text(std::string_view vectorizer) {
    return vectorizer.starts_with("text2vec-");
}

Result<VectorConfig> read_class_vector(const json::Value& body) {
    VectorConfig out;
    TRY(read_index(body, out));
    out.vectorizer = text_or(body, "vectorizer", "none");
    if (out.vectorizer.empty()) out.vectorizer = "none";
    TRY(check_vectorizer(out.vectorizer));
    return out;
}

Result<VectorConfig> read_named_vector(std::string_view name, const json::Value& body) {
    VectorConfig out;
    TRY(read_index(body, out));
    const json::Value* vectorizer = member(body, "vectorizer");
    if (vectorizer == nullptr) return out;
    const json::Object* object = vectorizer->if_object();
    if (object == nullptr || object->size() != 1)
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("vectorConfig.{}.vectorizer must be an object with one member", name)
        };
    out.vectorizer = std::string(object->begin()->key());
    TRY(check_vectorizer(out.vectorizer));
    out.wire["vectorizer"] = *vectorizer;
    return out;
}

std::string index_type_of(const json::Object& wire) {
    return text_or(wire, "vectorIndexType", "hnsw");
}

json::Object index_config_of(const json::Object& wire, Distance distance) {
    const std::string type = index_type_of(wire);
    const json::Value* given = member(wire, "vectorIndexConfig");
    json::Object out;
    if (type == "dynamic") {
        out = {{"threshold", 10'000}, {"hnsw", hnsw_defaults()}, {"flat", flat_defaults()}};
        for (const std::string_view part : {"hnsw", "flat"}) {
            json::Object& inner = out[part].get_object();
            if (given != nullptr) lay_over(inner, member(*given, part));
            inner.insert_or_assign("distance", to_text(distance));
        }
        if (given != nullptr) out["threshold"] = number_or(*given, "threshold", 10'000);
    } else {
        out = type == "flat" ? flat_defaults() : hnsw_defaults();
        lay_over(out, given);
    }
    out.insert_or_assign("distance", to_text(distance));
    return out;
}

}  // namespace moat::api::weaviate
