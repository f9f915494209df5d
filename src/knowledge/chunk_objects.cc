#include "knowledge/chunk_objects.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/sha256.h"
#include "knowledge/passage_json.h"
#include "knowledge/record_fields.h"

namespace moat::knowledge {
namespace {

using collections::DataType;
using collections::Object;
using collections::Property;
using collections::Tokenization;
using documents::Chunk;

constexpr std::size_t kChunksWorthAThread = 1000;
constexpr std::size_t kMaxThreads = 4;
constexpr std::string_view kBasePrefix = "Kb";

Property identifier(std::string name) {
    Property property;
    property.name = std::move(name);
    property.tokenization = Tokenization::field;
    property.searchable = false;
    return property;
}

Property words(std::string name, bool array = false) {
    Property property;
    property.name = std::move(name);
    property.array = array;
    property.filterable = false;
    return property;
}

Property integer(std::string name) {
    Property property;
    property.name = std::move(name);
    property.type = DataType::integer;
    property.searchable = false;
    return property;
}

// Kept, never looked up.
Property payload(std::string name) {
    Property property = identifier(std::move(name));
    property.filterable = false;
    return property;
}

std::string joined(const std::vector<std::string>& headings, std::string_view separator) {
    std::string text;
    for (const std::string& heading : headings) {
        if (!text.empty()) text += separator;
        text += heading;
    }
    return text;
}

std::string embedded(const std::string& headings, const std::string& text) {
    return headings.empty() ? text : headings + "\n" + text;
}

std::string digest_of(std::string_view text) {
    return sha256(bytes_of(text)).hex().substr(0, 32);
}

json::Array strings(const std::vector<std::string>& texts) {
    json::Array array;
    for (const std::string& text : texts)
        array.emplace_back(text);
    return array;
}

std::vector<std::string> headings_of(const json::Value& properties) {
    std::vector<std::string> headings;
    if (const json::Array* array = json::find_array(properties, "headings"))
        for (const json::Value& item : *array)
            if (item.is_string()) headings.emplace_back(json::view(item.get_string()));
    return headings;
}

json::Object properties_of(const DocumentFacts& document, const Chunk& chunk, std::size_t ordinal) {
    json::Object properties;
    properties.reserve(12 + 2 * chunk.fields.size());  // each name once, and numbers again
    properties["document_id"] = document.id;
    properties["document"] = document.name;
    properties["title"] = document.title;
    properties["headings"] = strings(chunk.headings);
    properties["text"] = chunk.text;
    properties["first_page"] = chunk.first_page;
    properties["last_page"] = chunk.last_page;
    properties["first_block"] = static_cast<std::int64_t>(chunk.first_block);
    properties["last_block"] = static_cast<std::int64_t>(chunk.last_block);
    properties["ordinal"] = static_cast<std::int64_t>(ordinal);
    properties["regions"] = json::write(regions_to_json(chunk.regions));
    properties["digest"] = digest_of(embedded_text(chunk));
    return properties;
}

}  // namespace

std::string collection_name(const std::string& base) {
    return std::string(kBasePrefix) + base;
}

bool is_base_collection(std::string_view name) {
    constexpr std::size_t kIdDigits = 16;  // ids of bases are 8 random bytes in hex
    return name.size() == kBasePrefix.size() + kIdDigits && name.starts_with(kBasePrefix) &&
           name.find_first_not_of("0123456789abcdef", kBasePrefix.size()) == std::string_view::npos;
}

collections::Schema chunk_schema(const std::string& base) {
    collections::Schema schema;
    schema.name = collection_name(base);
    schema.properties = {
        identifier("document_id"),
        words("document"),
        words("title"),
        words("headings", true),
        words("text"),
        integer("first_page"),
        integer("last_page"),
        integer("first_block"),
        integer("last_block"),
        integer("ordinal"),
        payload("regions"),
        payload("digest"),
    };
    return schema;
}

collections::Filter of_document(const std::string& document_id) {
    collections::Filter filter;
    filter.op = collections::FilterOperator::equal;
    filter.property = "document_id";
    filter.value = json::Value(document_id);
    return filter;
}

std::vector<std::pair<std::string, float>> searched_properties() {
    // A title or heading says what a passage is about, but repeats over many passages; see
    // docs/decisions for the measurement behind the weights.
    return {{"text", 1.0F}, {"headings", 0.5F}, {"title", 0.5F}, {"document", 0.25F}};
}

std::string embedded_text(const Chunk& chunk) {
    return embedded(joined(chunk.headings, " > "), chunk.text);
}

std::string embedded_text(const Object& object) {
    const json::Value properties(object.properties);
    return embedded(joined(headings_of(properties), " > "), json::string_or(properties, "text"));
}

std::string text_digest(const Object& object) {
    return json::string_or(object.properties, "digest");
}

std::int64_t ordinal(const Object& object) {
    return json::int_or(object.properties, "ordinal", 0);
}

std::vector<Object> to_objects(const DocumentFacts& document, const std::vector<Chunk>& chunks) {
    std::vector<Object> objects(chunks.size());
    const auto describe = [&](std::size_t begin, std::size_t end) -> Status {
        for (std::size_t i = begin; i < end; ++i) {
            objects[i].properties = properties_of(document, chunks[i], i);
            add_fields(objects[i].properties, chunks[i].fields);
        }
        return Ok{};
    };
    CHECK(parallel_parts(chunks.size(), kChunksWorthAThread, kMaxThreads, describe).has_value());
    std::unordered_map<std::string, int> seen;  // equal texts of one document need ids of their own
    for (Object& object : objects) {
        const std::string digest = text_digest(object);
        object.id = uuid_of(fmt::format("{}/{}/{}", document.id, digest, seen[digest]++));
    }
    return objects;
}

Passage to_passage(const std::string& base, const Object& object) {
    const json::Value properties(object.properties);
    const auto integer_of = [&](std::string_view key) { return json::int_or(properties, key, 0); };
    Passage passage;
    passage.knowledge_base = base;
    passage.document_id = json::string_or(properties, "document_id");
    passage.document = json::string_or(properties, "document");
    passage.title = json::string_or(properties, "title");
    passage.headings = headings_of(properties);
    passage.first_page = static_cast<int>(integer_of("first_page"));
    passage.last_page = static_cast<int>(integer_of("last_page"));
    passage.first_block = static_cast<std::size_t>(integer_of("first_block"));
    passage.last_block = static_cast<std::size_t>(integer_of("last_block"));
    if (const auto regions = json::read(json::string_or(properties, "regions", "[]")))
        passage.regions = regions_from_json(*regions);
    passage.text = json::string_or(properties, "text");
    // Only records have fields.
    passage.record = std::ranges::any_of(object.properties, [](const auto& property) {
        return json::view(property.key()).starts_with("field_");
    });
    return passage;
}

}  // namespace moat::knowledge
