#include "collections/stored_schema.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"

namespace moat::collections {
namespace {

// 1: without what came later, and its properties had no keys.
constexpr std::int64_t kFormatVersion = 2;
// Above are the lengths of properties, and times.
constexpr PropertyNumber kMaxPropertyNumber = 0x7F00;

template <class T>
struct Name {
    T value;
    std::string_view text;
};
constexpr std::array<Name<DataType>, 10> kTypes{{
    {DataType::text, "text"},
    {DataType::integer, "integer"},
    {DataType::number, "number"},
    {DataType::boolean, "boolean"},
    {DataType::date, "date"},
    {DataType::uuid, "uuid"},
    {DataType::object, "object"},
    {DataType::blob, "blob"},
    {DataType::geo, "geo"},
    {DataType::reference, "reference"},
}};
constexpr std::array<Name<Tokenization>, 10> kTokenizations{{
    {Tokenization::word, "word"},
    {Tokenization::whitespace, "whitespace"},
    {Tokenization::lowercase, "lowercase"},
    {Tokenization::field, "field"},
    {Tokenization::trigram, "trigram"},
    {Tokenization::gse, "gse"},
    {Tokenization::gse_ch, "gse_ch"},
    {Tokenization::kagome_ja, "kagome_ja"},
    {Tokenization::kagome_kr, "kagome_kr"},
    {Tokenization::english, "english"},
}};
constexpr std::array<Name<Distance>, 5> kDistances{{
    {Distance::cosine, "cosine"},
    {Distance::dot, "dot"},
    {Distance::l2_squared, "l2_squared"},
    {Distance::manhattan, "manhattan"},
    {Distance::hamming, "hamming"},
}};

template <class T, std::size_t N>
std::string_view text_for(const std::array<Name<T>, N>& names, T value) {
    for (const auto& name : names) {
        if (name.value == value) return name.text;
    }
    return "";
}

template <class T, std::size_t N>
std::optional<T> value_for(const std::array<Name<T>, N>& names, std::string_view text) {
    for (const auto& name : names) {
        if (name.text == text) return name.value;
    }
    return std::nullopt;
}

Error corrupt(std::string_view what) {
    return {ErrorCode::corrupt, fmt::format("a stored schema has a wrong {}", what)};
}

json::Array texts(const auto& list) {
    json::Array array;
    for (const std::string& text : list)
        array.emplace_back(text);
    return array;
}

std::vector<std::string> texts_in(const json::Value& value, std::string_view key) {
    std::vector<std::string> list;
    const json::Array* array = json::find_array(value, key);
    if (array == nullptr) return list;
    for (const json::Value& element : *array) {
        if (element.is_string()) list.emplace_back(json::view(element.get_string()));
    }
    return list;
}

json::Object object_in(const json::Value& value, std::string_view key) {
    const json::Object* object = json::find_object(value, key);
    return object == nullptr ? json::Object() : *object;
}

json::Object to_object(const Property& property) {
    json::Object out{
        {"name", property.name},
        {"type", text_for(kTypes, property.type)},
        {"array", property.array},
        {"tokenization", text_for(kTokenizations, property.tokenization)},
        {"filterable", property.filterable},
        {"searchable", property.searchable},
    };
    if (!property.description.empty()) out["description"] = property.description;
    if (!property.targets.empty()) out["targets"] = texts(property.targets);
    if (!property.wire.empty()) out["wire"] = property.wire;
    if (property.nested.empty()) return out;
    json::Array nested;
    for (const Property& member : property.nested)
        nested.push_back(to_object(member));
    out["nested"] = std::move(nested);
    return out;
}

Result<Property> property_from(const json::Value& value) {
    const auto type = value_for(kTypes, json::string_or(value, "type"));
    const auto tokenization = value_for(kTokenizations, json::string_or(value, "tokenization"));
    if (!type || !tokenization) return corrupt("property");
    Property property;
    property.name = json::string_or(value, "name");
    property.type = *type;
    property.tokenization = *tokenization;
    property.array = json::bool_or(value, "array", false);
    property.filterable = json::bool_or(value, "filterable", true);
    property.searchable = json::bool_or(value, "searchable", true);
    property.description = json::string_or(value, "description");
    property.targets = texts_in(value, "targets");
    property.wire = object_in(value, "wire");
    const json::Array* nested = json::find_array(value, "nested");
    if (nested == nullptr) return property;
    for (const json::Value& member : *nested) {
        TRY_ASSIGN(Property inner, property_from(member));
        property.nested.push_back(std::move(inner));
    }
    return property;
}

json::Array properties_to_json(const StoredSchema& stored) {
    json::Array list;
    for (std::size_t i = 0; i < stored.fields.size(); ++i) {
        json::Object each = to_object(stored.schema.properties[i]);
        each["number"] = stored.fields[i].number;
        each["key"] = stored.fields[i].key;
        if (stored.fields[i].converted) each["converted"] = true;
        list.push_back(std::move(each));
    }
    return list;
}

Status read_properties(const json::Array& properties, StoredSchema& stored) {
    for (const json::Value& value : properties) {
        TRY_ASSIGN(Property property, property_from(value));
        StoredSchema::Field& field = stored.fields.emplace_back();
        field.number = static_cast<PropertyNumber>(json::int_or(value, "number", 0));
        field.key = json::string_or(value, "key", property.name);
        field.converted = json::bool_or(value, "converted", false);
        stored.schema.properties.push_back(std::move(property));
    }
    return Ok{};
}

void put_code_width(std::optional<CodeWidth> width, json::Object& out) {
    if (width) out["code_bits"] = static_cast<int>(*width);
}
std::optional<CodeWidth> code_width_in(const json::Value& value) {
    switch (json::int_or(value, "code_bits", 0)) {
        case 4:
            return CodeWidth::four;
        case 8:
            return CodeWidth::eight;
        default:
            return std::nullopt;
    }
}

json::Array vectors_to_json(const StoredSchema& stored) {
    json::Array list;
    for (std::size_t i = 0; i < stored.slots.size(); ++i) {
        const NamedVector& vector = stored.schema.vectors[i];
        json::Object out{
            {"slot", stored.slots[i]},
            {"name", vector.name},
            {"distance", text_for(kDistances, vector.distance)},
            {"dimensions", vector.dimensions},
            {"wire", vector.wire},
        };
        put_code_width(vector.code_width, out);
        list.push_back(std::move(out));
    }
    return list;
}

Status read_vectors(const json::Value& parsed, StoredSchema& stored) {
    stored.next_slot = static_cast<VectorSlot>(json::int_or(parsed, "next_slot", 1));
    const json::Array* list = json::find_array(parsed, "vectors");
    if (list == nullptr) return Ok{};
    for (const json::Value& value : *list) {
        const auto distance = value_for(kDistances, json::string_or(value, "distance"));
        if (!distance) return corrupt("vector");
        NamedVector& vector = stored.schema.vectors.emplace_back();
        vector.name = json::string_or(value, "name");
        vector.distance = *distance;
        vector.dimensions = static_cast<std::size_t>(json::int_or(value, "dimensions", 0));
        vector.wire = object_in(value, "wire");
        vector.code_width = code_width_in(value);
        stored.slots.push_back(static_cast<VectorSlot>(json::int_or(value, "slot", 0)));
    }
    return Ok{};
}

json::Array changes_to_json(const StoredSchema& stored) {
    json::Array list;
    for (const StoredSchema::Change& change : stored.changes) {
        json::Object each = to_object(change.changed);
        each["number"] = change.number;
        each["end"] = change.end;
        list.push_back(std::move(each));
    }
    return list;
}

Status read_changes(const json::Value& parsed, StoredSchema& stored) {
    const json::Array* list = json::find_array(parsed, "changes");
    if (list == nullptr) return Ok{};
    for (const json::Value& value : *list) {
        StoredSchema::Change& change = stored.changes.emplace_back();
        TRY_ASSIGN(change.changed, property_from(value));
        change.number = static_cast<PropertyNumber>(json::int_or(value, "number", 0));
        change.end = static_cast<Row>(json::int_or(value, "end", 0));
    }
    return Ok{};
}

void settings_to_json(const Schema& schema, json::Object& out) {
    out["description"] = schema.description;
    out["bm25"] = json::Object{{"k1", schema.bm25.k1}, {"b", schema.bm25.b}};
    out["stopwords"] = json::Object{
        {"english", schema.stopwords.english},
        {"additions", texts(schema.stopwords.additions)},
        {"removals", texts(schema.stopwords.removals)},
    };
    out["index_lengths"] = schema.index_lengths;
    out["tenancy"] = json::Object{
        {"enabled", schema.tenancy.enabled},
        {"create_on_write", schema.tenancy.create_on_write},
        {"activate_on_use", schema.tenancy.activate_on_use},
    };
    out["wire"] = schema.wire;
    if (!schema.ttl) return;
    out["ttl"] =
        json::Object{{"property", schema.ttl->property}, {"seconds", schema.ttl->after.count()}};
}

void read_settings(const json::Value& parsed, Schema& schema) {
    schema.description = json::string_or(parsed, "description");
    if (const json::Value* bm25 = json::find(parsed, "bm25")) {
        schema.bm25.k1 = json::number_or(*bm25, "k1", schema.bm25.k1);
        schema.bm25.b = json::number_or(*bm25, "b", schema.bm25.b);
    }
    if (const json::Value* stopwords = json::find(parsed, "stopwords")) {
        schema.stopwords.english = json::bool_or(*stopwords, "english", false);
        schema.stopwords.additions = texts_in(*stopwords, "additions");
        schema.stopwords.removals = texts_in(*stopwords, "removals");
    }
    schema.index_lengths = json::bool_or(parsed, "index_lengths", false);
    if (const json::Value* tenancy = json::find(parsed, "tenancy")) {
        schema.tenancy.enabled = json::bool_or(*tenancy, "enabled", false);
        schema.tenancy.create_on_write = json::bool_or(*tenancy, "create_on_write", false);
        schema.tenancy.activate_on_use = json::bool_or(*tenancy, "activate_on_use", false);
    }
    schema.wire = object_in(parsed, "wire");
    if (const json::Value* ttl = json::find(parsed, "ttl")) {
        schema.ttl = TimeToLive{
            .property = json::string_or(*ttl, "property"),
            .after = std::chrono::seconds(json::int_or(*ttl, "seconds", 0)),
        };
    }
}

}  // namespace

StoredSchema StoredSchema::make(CollectionNumber number, const Schema& schema) {
    StoredSchema stored;
    stored.number = number;
    stored.schema = schema;
    stored.schema.properties.clear();
    stored.schema.vectors.clear();
    for (const Property& property : schema.properties) {
        // There are fewer properties than numbers.
        (void)stored.add(property);
    }
    for (const NamedVector& vector : schema.vectors)
        stored.add_vector(vector);
    return stored;
}

Result<PropertyNumber> StoredSchema::take_number() {
    if (next_property >= kMaxPropertyNumber) {
        return Error{
            ErrorCode::too_large,
            fmt::format("collection '{}' has changed its properties too often", schema.name)
        };
    }
    return next_property++;
}

std::string StoredSchema::free_key(const Property& property, PropertyNumber taken) const {
    const bool used = former_keys.contains(property.name) ||
                      std::ranges::find(fields, property.name, &Field::key) != fields.end();
    // No name has this sign.
    return used ? fmt::format("{}#{}", property.name, taken) : property.name;
}

Status StoredSchema::add(const Property& property) {
    TRY_ASSIGN(const PropertyNumber taken, take_number());
    fields.push_back({taken, free_key(property, taken), false});
    schema.properties.push_back(property);
    return Ok{};
}

void StoredSchema::add_vector(const NamedVector& vector) {
    schema.vectors.push_back(vector);
    slots.push_back(next_slot++);
}

bool StoredSchema::drop_vector(std::string_view vector) {
    const NamedVector* found = schema.find_vector(vector);
    if (found == nullptr) return false;
    const auto place = found - schema.vectors.data();
    former_slots.push_back(slots[static_cast<std::size_t>(place)]);
    slots.erase(slots.begin() + place);
    schema.vectors.erase(schema.vectors.begin() + place);
    return true;
}

bool StoredSchema::has_slot(VectorSlot slot) const {
    return slot == 0 || std::ranges::find(slots, slot) != slots.end();
}

std::optional<std::size_t> StoredSchema::find(std::string_view property) const {
    const Property* found = schema.find(property);
    if (found == nullptr) return std::nullopt;
    return place_of(*found);
}

const StoredSchema::Change* StoredSchema::change_of(std::string_view property) const {
    const auto found = std::ranges::find(changes, property, [](const Change& change) {
        return std::string_view(change.changed.name);
    });
    return found == changes.end() ? nullptr : &*found;
}

std::optional<VectorSlot> StoredSchema::slot_of(std::string_view vector) const {
    if (vector.empty()) return VectorSlot{0};
    const NamedVector* found = schema.find_vector(vector);
    if (found == nullptr) return std::nullopt;
    return slots[static_cast<std::size_t>(found - schema.vectors.data())];
}

bool StoredSchema::objects_are_plain() const {
    if (!former_keys.empty()) return false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].converted || fields[i].key != schema.properties[i].name) return false;
    }
    return true;
}

std::string StoredSchema::to_json() const {
    json::Object out{
        {"format", kFormatVersion},
        {"collection", number},
        {"name", schema.name},
        {"distance", text_for(kDistances, schema.distance)},
        {"dimensions", schema.dimensions},
        {"next_property", next_property},
        {"next_slot", next_slot},
        {"properties", properties_to_json(*this)},
        {"vectors", vectors_to_json(*this)},
        {"changes", changes_to_json(*this)},
        {"former_keys", texts(former_keys)},
    };
    json::Array former;
    for (const PropertyNumber property : former_numbers)
        former.emplace_back(property);
    out["former_numbers"] = std::move(former);
    out["former_slots"] = json::Array(former_slots.begin(), former_slots.end());
    put_code_width(schema.code_width, out);
    settings_to_json(schema, out);
    return json::write(out);
}

Result<StoredSchema> StoredSchema::from_json(std::string_view text) {
    const auto parsed = json::read(text);
    if (!parsed) return corrupt("form");
    const std::int64_t format = json::int_or(*parsed, "format", 0);
    if (format < 1 || format > kFormatVersion) {
        return Error{ErrorCode::unsupported, "a collection was written by a newer version"};
    }
    const auto distance = value_for(kDistances, json::string_or(*parsed, "distance"));
    const json::Array* properties = json::find_array(*parsed, "properties");
    if (!distance || properties == nullptr) return corrupt("distance or list of properties");
    StoredSchema stored;
    stored.number = static_cast<CollectionNumber>(json::int_or(*parsed, "collection", 0));
    stored.schema.name = json::string_or(*parsed, "name");
    stored.schema.distance = *distance;
    stored.schema.dimensions = static_cast<std::size_t>(json::int_or(*parsed, "dimensions", 0));
    stored.schema.code_width = code_width_in(*parsed);
    stored.next_property = static_cast<PropertyNumber>(json::int_or(*parsed, "next_property", 0));
    TRY(read_properties(*properties, stored));
    TRY(read_vectors(*parsed, stored));
    TRY(read_changes(*parsed, stored));
    for (std::string& key : texts_in(*parsed, "former_keys"))
        stored.former_keys.insert(std::move(key));
    if (const json::Array* former = json::find_array(*parsed, "former_numbers")) {
        for (const json::Value& each : *former) {
            if (!each.is_int64()) return corrupt("former number");
            stored.former_numbers.push_back(static_cast<PropertyNumber>(each.get_int64()));
        }
    }
    if (const json::Array* former = json::find_array(*parsed, "former_slots")) {
        for (const json::Value& each : *former) {
            if (!each.is_int64()) return corrupt("former vector");
            stored.former_slots.push_back(static_cast<VectorSlot>(each.get_int64()));
        }
    }
    read_settings(*parsed, stored.schema);
    if (stored.number == 0 || !validate(stored.schema)) return corrupt("name or number");
    return stored;
}

}  // namespace moat::collections
