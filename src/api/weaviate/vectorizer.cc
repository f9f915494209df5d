#include "api/weaviate/vectorizer.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/class_json.h"
#include "api/weaviate/names.h"
#include "api/weaviate/vector_config.h"

namespace moat::api::weaviate {
namespace {

using collections::Object;
using collections::Schema;

constexpr std::size_t kBatch = 256;                        // texts for one call of the model
constexpr std::string_view kModel = "moatEmbeddingModel";  // in a schema's wire

const json::Object& wire_of(const Schema& schema, std::string_view vector) {
    const collections::NamedVector* named = vector.empty() ? nullptr : schema.find_vector(vector);
    return named == nullptr ? schema.wire : named->wire;
}

// Which properties make the text: those the settings name, else every text one that is not skipped.
std::vector<std::string> source_properties(const Schema& schema, std::string_view vector) {
    const json::Object settings = vectorizer_settings(schema, vector);
    std::vector<std::string> named = texts_of(member(settings, "properties"));
    if (named.empty()) named = texts_of(member(settings, "sourceProperties"));
    const std::string module = vectorizer_of(schema, vector);
    std::vector<std::string> out;
    for (const collections::Property& property : schema.properties) {
        if (property.type != collections::DataType::text) continue;
        const json::Value* modules = member(property.wire, "moduleConfig");
        const json::Value* own = modules ? member(*modules, module) : nullptr;
        const bool skipped = own != nullptr && flag_or(*own, "skip", false);
        const bool wanted = named.empty() || std::ranges::find(named, property.name) != named.end();
        if (wanted && !skipped) out.push_back(property.name);
    }
    std::ranges::sort(out);
    return out;
}

std::string text_to_embed(const Object& object, const std::vector<std::string>& properties) {
    std::string out;
    for (const std::string& name : properties) {
        for (const std::string& text : texts_of(member(object.properties, name))) {
            if (!out.empty()) out += ' ';
            out += text;
        }
    }
    return out;
}

std::vector<float>& vector_in(Object& object, std::string_view vector) {
    return vector.empty() ? object.vector : object.vectors[std::string(vector)];
}

bool has_vector(const Object& object, std::string_view vector) {
    return vector.empty() ? !object.vector.empty() : object.vectors.contains(std::string(vector));
}

std::size_t dimensions_of(const Schema& schema, std::string_view vector) {
    const collections::NamedVector* named = vector.empty() ? nullptr : schema.find_vector(vector);
    return named == nullptr ? schema.dimensions : named->dimensions;
}

}  // namespace

std::vector<std::string> made_vectors(const Schema& schema) {
    std::vector<std::string> out;
    if (embeds_text(vectorizer_of(schema, ""))) out.emplace_back();
    for (const collections::NamedVector& vector : schema.vectors)
        if (embeds_text(vectorizer_of(schema, vector.name))) out.push_back(vector.name);
    return out;
}

void Vectorizer::choose_model(Schema& schema) const {
    for (const std::string& vector : made_vectors(schema)) {
        const json::Object settings = vectorizer_settings(schema, vector);
        std::string model = text_or(settings, "model", text_or(settings, "modelId", ""));
        if (model.empty() || !embedder_.installed(model))
            model = embedder_.default_model().value_or("");
        if (model.empty()) continue;  // until there is one
        if (vector.empty()) schema.wire[kModel] = model;
        for (collections::NamedVector& named : schema.vectors)
            if (named.name == vector) named.wire[kModel] = model;
    }
}

Result<std::string> Vectorizer::model_of(const Schema& schema, std::string_view vector) const {
    if (std::string model = text_or(wire_of(schema, vector), kModel, ""); !model.empty())
        return model;
    if (auto model = embedder_.default_model()) return *std::move(model);
    return Error{
        ErrorCode::not_found,
        fmt::format(
            "texts of class {} need an embedding model, and none is installed: install one with "
            "moat pull or moat create, or give a vector",
            schema.name
        )
    };
}

Result<std::vector<std::vector<float>>> Vectorizer::embed(
    const Principal& who,
    const Schema& schema,
    std::string_view vector,
    const std::vector<std::string>& texts,
    std::stop_token stop
) const {
    TRY_ASSIGN(const std::string model, model_of(schema, vector));
    TRY_ASSIGN(auto vectors, embedder_.embed(who, model, texts, std::move(stop)));
    const std::size_t wanted = dimensions_of(schema, vector);
    if (wanted != 0 && !vectors.empty() && vectors.front().size() != wanted)
        return Error{
            ErrorCode::invalid_argument,
            fmt::format(
                "class {} has vectors of {} numbers, and the embedding model {} makes {}: they are "
                "of another model, so give a vector",
                schema.name,
                wanted,
                model,
                vectors.front().size()
            )
        };
    return vectors;
}

Status Vectorizer::fill(
    const Principal& who,
    const Schema& schema,
    std::span<Object* const> objects,
    std::stop_token stop
) const {
    for (const std::string& vector : made_vectors(schema))
        TRY(fill_one(who, schema, vector, objects, stop));
    return Ok{};
}

Status Vectorizer::fill_one(
    const Principal& who,
    const Schema& schema,
    std::string_view vector,
    std::span<Object* const> objects,
    std::stop_token stop
) const {
    const std::vector<std::string> properties = source_properties(schema, vector);
    std::vector<Object*> waiting;
    std::vector<std::string> texts;
    const auto embed_waiting = [&]() -> Status {
        if (waiting.empty()) return Ok{};
        TRY_ASSIGN(auto vectors, embed(who, schema, vector, texts, stop));
        CHECK(vectors.size() == waiting.size());
        for (std::size_t i = 0; i < waiting.size(); ++i)
            vector_in(*waiting[i], vector) = std::move(vectors[i]);
        waiting.clear();
        texts.clear();
        return Ok{};
    };
    for (Object* object : objects) {
        if (has_vector(*object, vector)) continue;
        std::string text = text_to_embed(*object, properties);
        if (text.empty()) continue;  // nothing to say, no vector
        texts.push_back(std::move(text));
        waiting.push_back(object);
        if (waiting.size() == kBatch) TRY(embed_waiting());
    }
    return embed_waiting();
}

}  // namespace moat::api::weaviate
