#include "api/weaviate/rpc_values.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "api/weaviate/rpc_query.h"

namespace moat::api::weaviate {
namespace {

using collections::DataType;
using collections::Property;

constexpr std::size_t kMaxDepth = 64;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// ---- writing

DataType guess(const json::Value& value) {
    if (value.is_bool()) return DataType::boolean;
    if (value.is_object()) return DataType::object;
    if (value.is_number()) return value.is_double() ? DataType::number : DataType::integer;
    return DataType::text;
}

std::int64_t integer_of(const json::Value& value) {
    if (const auto* number = value.if_int64()) return *number;
    return static_cast<std::int64_t>(number_of(&value, 0));
}

template <class Number>
void pack(Number number, std::string& out) {
    static_assert(sizeof number == 8);
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void write_list(
    const Property* property, DataType type, const json::Array& list, wire::ListValue& out
) {
    switch (type) {
        case DataType::number: {
            std::string& bytes = *out.mutable_number_values()->mutable_values();
            for (const json::Value& entry : list)
                pack(number_of(&entry, 0), bytes);
            return;
        }
        case DataType::integer: {
            std::string& bytes = *out.mutable_int_values()->mutable_values();
            for (const json::Value& entry : list)
                pack(integer_of(entry), bytes);
            return;
        }
        case DataType::boolean:
            for (const json::Value& entry : list)
                out.mutable_bool_values()->add_values(flag_of(&entry, false));
            return;
        case DataType::object: {
            auto* objects = out.mutable_object_values();
            const std::vector<Property> none;
            for (const json::Value& entry : list)
                if (const json::Object* object = entry.if_object())
                    write_properties(
                        property != nullptr ? property->nested : none,
                        *object,
                        *objects->add_values()
                    );
            return;
        }
        default:
            break;
    }
    wire::TextValues* texts = type == DataType::date   ? out.mutable_date_values()
                              : type == DataType::uuid ? out.mutable_uuid_values()
                                                       : out.mutable_text_values();
    for (const json::Value& entry : list)
        texts->add_values(text_of(&entry, ""));
}

// ---- reading

Result<json::Value> read_struct_value(const wire::StructValue& value, std::size_t depth);

Result<json::Object> read_struct(const wire::Struct& from, std::size_t depth) {
    if (depth > kMaxDepth) return invalid("an object is nested too deep");
    json::Object out;
    for (const auto& [name, value] : from.fields()) {
        TRY_ASSIGN(json::Value read, read_struct_value(value, depth + 1));
        out[name] = std::move(read);
    }
    return out;
}

Result<json::Value> read_struct_value(const wire::StructValue& value, std::size_t depth) {
    if (depth > kMaxDepth) return invalid("an object is nested too deep");
    switch (value.kind_case()) {
        case wire::StructValue::kNumberValue:
            return json::Value(value.number_value());
        case wire::StructValue::kStringValue:
            return json::Value(value.string_value());
        case wire::StructValue::kBoolValue:
            return json::Value(value.bool_value());
        case wire::StructValue::kStructValue: {
            TRY_ASSIGN(json::Object inner, read_struct(value.struct_value(), depth + 1));
            return json::Value(std::move(inner));
        }
        case wire::StructValue::kListValue: {
            json::Array out;
            for (const wire::StructValue& entry : value.list_value().values()) {
                TRY_ASSIGN(json::Value read, read_struct_value(entry, depth + 1));
                out.push_back(std::move(read));
            }
            return json::Value(std::move(out));
        }
        case wire::StructValue::kNullValue:
        case wire::StructValue::KIND_NOT_SET:
            break;
    }
    return json::Value();
}

template <class List>
json::Array array_of(const List& list) {
    json::Array out;
    for (const auto& entry : list)
        out.emplace_back(entry);
    return out;
}

Result<json::Array> numbers_of(const wire::NumberArrayProperties& from) {
    if (from.values_bytes().empty()) return array_of(from.values());
    const std::string& bytes = from.values_bytes();
    if (bytes.size() % sizeof(double) != 0) return invalid("numbers must be 64-bit floats");
    json::Array out;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(double)) {
        double number = 0;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        out.emplace_back(number);
    }
    return out;
}

// What objects and nested objects have alike.
template <class From>
Result<json::Object> read_members(const From& from, std::size_t depth) {
    if (depth > kMaxDepth) return invalid("an object is nested too deep");
    TRY_ASSIGN(json::Object out, read_struct(from.non_ref_properties(), depth));
    for (const auto& list : from.number_array_properties()) {
        TRY_ASSIGN(out[list.prop_name()], numbers_of(list));
    }
    for (const auto& list : from.int_array_properties())
        out[list.prop_name()] = array_of(list.values());
    for (const auto& list : from.text_array_properties())
        out[list.prop_name()] = array_of(list.values());
    for (const auto& list : from.boolean_array_properties())
        out[list.prop_name()] = array_of(list.values());
    for (const auto& object : from.object_properties()) {
        TRY_ASSIGN(out[object.prop_name()], read_members(object.value(), depth + 1));
    }
    for (const auto& objects : from.object_array_properties()) {
        json::Array list;
        for (const auto& entry : objects.values()) {
            TRY_ASSIGN(json::Object inner, read_members(entry, depth + 1));
            list.push_back(std::move(inner));
        }
        out[objects.prop_name()] = std::move(list);
    }
    for (const std::string& name : from.empty_list_props())
        out[name] = json::Array();
    return out;
}

// Beacons, with a class where the message has one.
template <class Reference>
Result<json::Array> beacons_of(const Reference& reference, const std::string& target) {
    json::Array out;
    for (const std::string& text : reference.uuids()) {
        TRY_ASSIGN(const Uuid id, parse_uuid(text));
        out.push_back(json::Object{{"beacon", to_text(Beacon{.class_name = target, .id = id})}});
    }
    return out;
}

Status read_vectors(const wire::BatchObject& from, collections::Object& object) {
    if (!from.vector_bytes().empty()) {
        TRY_ASSIGN(object.vector, read_floats(from.vector_bytes()));
    } else if (from.vector_size() > 0) {
        object.vector.assign(from.vector().begin(), from.vector().end());
    }
    for (const wire::Vectors& vector : from.vectors()) {
        if (vector.type() == wire::Vectors::VECTOR_TYPE_MULTI_FP32)
            return Error{ErrorCode::unsupported, "several vectors for one name are not supported"};
        TRY_ASSIGN(std::vector<float> read, read_floats(vector.vector_bytes()));
        if (vector.name().empty())
            object.vector = std::move(read);
        else if (!read.empty())
            object.vectors[vector.name()] = std::move(read);
    }
    return Ok{};
}

}  // namespace

void write_value(const Property* property, const json::Value& value, wire::Value& out) {
    if (const json::Array* list = value.if_array()) {
        const DataType type = property != nullptr ? property->type
                              : list->empty()     ? DataType::text
                                                  : guess(list->front());
        write_list(property, type, *list, *out.mutable_list_value());
        return;
    }
    if (value.is_null()) return out.set_null_value(0);
    switch (property != nullptr ? property->type : guess(value)) {
        case DataType::integer:
            return out.set_int_value(integer_of(value));
        case DataType::number:
            return out.set_number_value(number_of(&value, 0));
        case DataType::boolean:
            return out.set_bool_value(flag_of(&value, false));
        case DataType::date:
            return out.set_date_value(text_of(&value, ""));
        case DataType::uuid:
            return out.set_uuid_value(text_of(&value, ""));
        case DataType::blob:
            return out.set_blob_value(text_of(&value, ""));
        case DataType::geo:
            out.mutable_geo_value()->set_latitude(static_cast<float>(number_or(value, "latitude", 0)
            ));
            out.mutable_geo_value()->set_longitude(
                static_cast<float>(number_or(value, "longitude", 0))
            );
            return;
        case DataType::object: {
            const std::vector<Property> none;
            if (const json::Object* object = value.if_object())
                write_properties(
                    property != nullptr ? property->nested : none,
                    *object,
                    *out.mutable_object_value()
                );
            return;
        }
        case DataType::text:
        case DataType::reference:
            return out.set_text_value(text_of(&value, ""));
    }
}

void write_properties(
    const std::vector<Property>& types, const json::Object& value, wire::Properties& out
) {
    for (const auto& [key, entry] : value) {
        const std::string name(key);
        const auto type = std::ranges::find(types, name, &Property::name);
        if (type != types.end() && type->type == DataType::reference) continue;
        write_value(type == types.end() ? nullptr : &*type, entry, (*out.mutable_fields())[name]);
    }
}

Result<GivenObject> read_object(const wire::BatchObject& from) {
    GivenObject given;
    TRY_ASSIGN(given.class_name, class_name(from.collection()));
    given.tenant = from.tenant();
    given.has_id = !from.uuid().empty();
    given.object.id = random_uuid();
    if (given.has_id) {
        TRY_ASSIGN(given.object.id, parse_uuid(from.uuid()));
    }
    TRY_ASSIGN(const json::Object members, read_members(from.properties(), 0));
    for (const auto& [key, value] : members)
        if (!value.is_null())
            given.object.properties[property_name({key.data(), key.size()})] = value;
    for (const auto& reference : from.properties().single_target_ref_props()) {
        TRY_ASSIGN(json::Array beacons, beacons_of(reference, ""));
        given.object.properties[property_name(reference.prop_name())] = std::move(beacons);
    }
    for (const auto& reference : from.properties().multi_target_ref_props()) {
        TRY_ASSIGN(json::Array beacons, beacons_of(reference, reference.target_collection()));
        given.object.properties[property_name(reference.prop_name())] = std::move(beacons);
    }
    TRY(read_vectors(from, given.object));
    return given;
}

}  // namespace moat::api::weaviate
