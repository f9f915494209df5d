#include "collections/analysis.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/ids.h"
#include "collections/stored_object.h"

namespace moat::collections {
namespace {

std::string_view kind_name(const json::Value& value) {
    if (value.is_string()) return "text";
    if (value.is_number()) return "a number";
    if (value.is_bool()) return "a boolean";
    if (value.is_array()) return "a list";
    if (value.is_object()) return "an object";
    return "null";
}

std::string_view name_of(const Property& property) {
    switch (property.type) {
        case DataType::geo:
            return "a place {latitude, longitude}";
        case DataType::blob:
            return "base64 text";
        default:
            return to_string(property.type);
    }
}

Error wrong_type(const Property& property, const json::Value& value, std::string_view remark = "") {
    return {
        ErrorCode::invalid_argument,
        fmt::format(
            "property '{}' must be {}{}, and got {}{}",
            property.name,
            property.array ? "a list of " : "",
            name_of(property),
            kind_name(value),
            remark
        )
    };
}

// A double that is a whole number within the range of int64.
std::optional<std::int64_t> whole(double value) {
    constexpr double kLimit = 9223372036854775808.0;
    if (!(value >= -kLimit && value < kLimit) || std::trunc(value) != value) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

bool is_base64(std::string_view text) {
    const std::size_t padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
    const auto known = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/';
    };
    return text.size() % 4 == 0 && padding <= 2 &&
           std::ranges::all_of(text.substr(0, text.size() - padding), known);
}

// Members that the property does not name are an error, unless it names none.
Status normalise_members(const Property& property, json::Object& members) {
    for (auto& member : members) {
        if (property.nested.empty()) return Ok{};
        const std::string_view name(member.key().data(), member.key().size());
        const auto known = std::ranges::find(property.nested, name, &Property::name);
        if (known == property.nested.end()) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("property '{}' has no member '{}'", property.name, name)
            };
        }
        TRY(normalise_value(*known, member.value()));
    }
    return Ok{};
}

Status normalise_scalar(const Property& property, json::Value& value) {
    bool fits = true;
    std::string_view remark;
    switch (property.type) {
        case DataType::text:
            fits = value.is_string();
            break;
        case DataType::boolean:
            fits = value.is_bool();
            break;
        case DataType::object:
            if (!value.is_object()) return wrong_type(property, value);
            return normalise_members(property, value.get_object());
        case DataType::blob:
            fits = value.is_string() && is_base64(json::view(value.get_string()));
            remark = value.is_string() ? " that is not" : "";
            break;
        case DataType::geo:
            fits = column_bits(DataType::geo, value).has_value();
            remark = value.is_object() ? " that is none" : "";
            break;
        case DataType::reference: {
            TRY_ASSIGN(value, reference_text(property, value));
            break;
        }
        case DataType::number:
            fits = value.is_number();
            break;
        case DataType::integer:
            if (value.is_double()) {
                if (const auto number = whole(value.get_double())) value = *number;
            }
            fits = value.is_int64();
            remark = value.is_number() ? " that is not whole or too large" : "";
            break;
        case DataType::date:
        case DataType::uuid:
            fits = column_bits(property.type, value).has_value() ||
                   (property.type == DataType::uuid && value.is_string() &&
                    parse_uuid(json::view(value.get_string())).has_value());
            if (value.is_string()) {
                remark =
                    property.type == DataType::date ? " that is not RFC 3339" : " that is no UUID";
            }
            break;
    }
    if (!fits) return wrong_type(property, value, remark);
    return Ok{};
}

class Analyser {
  public:
    Analyser(const index::Tokenizer& tokenizer, bool lengths, AnalysedObject& out)
        : tokenizer_(tokenizer), lengths_(lengths), out_(out) {}

    // Null and an empty list are as good as absent.
    void property(const Property& property, PropertyNumber number, const json::Value* value) {
        const bool absent = value == nullptr || value->is_null() ||
                            (value->is_array() && value->get_array().empty());
        if (absent) return;
        // No length is as good as zero.
        if (lengths_ && property.filterable) {
            out_.values.push_back({length_of(number), length(*value)});
        }
        present(property, number, *value);
    }

  private:
    void present(const Property& property, PropertyNumber number, const json::Value& value) {
        terms_.clear();
        if (value.is_array()) {
            for (const json::Value& element : value.get_array())
                scalar(property, number, element);
        } else {
            scalar(property, number, value);
        }
        if (property.filterable && !is_numeric(property.type)) {
            out_.values.push_back({number, std::nullopt});
        }
        count_terms(property, number);
    }

    // Elements, or characters.
    static std::uint64_t length(const json::Value& value) {
        if (value.is_array()) return value.get_array().size();
        if (!value.is_string()) return 1;
        // In UTF-8 every character has one byte that is no continuation.
        const auto begins = [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U; };
        return static_cast<std::uint64_t>(std::ranges::count_if(value.get_string(), begins));
    }

    static bool is_numeric(DataType type) {
        return type == DataType::integer || type == DataType::number || type == DataType::boolean ||
               type == DataType::date || type == DataType::geo;
    }

    void scalar(const Property& property, PropertyNumber number, const json::Value& value) {
        if (property.type == DataType::text) {
            if ((property.searchable || property.filterable) && value.is_string()) {
                tokenizer_.tokenize(json::view(value.get_string()), property.tokenization, terms_);
            }
        } else if (!property.filterable) {
            return;
        } else if (property.type == DataType::reference && value.is_string()) {
            terms_.emplace_back(json::view(value.get_string()));
        } else if (property.type == DataType::uuid && value.is_string()) {
            const auto id = parse_uuid(json::view(value.get_string()));
            if (id) terms_.push_back(id->text());
        } else if (const auto bits = column_bits(property.type, value)) {
            out_.values.push_back({number, bits});
        }
    }

    void count_terms(const Property& property, PropertyNumber number) {
        if (terms_.empty()) return;
        const bool searchable = property.type == DataType::text && property.searchable;
        const auto length = searchable ? static_cast<std::uint32_t>(terms_.size()) : 1U;
        if (searchable) out_.lengths.push_back({number, length});
        std::unordered_map<std::string_view, std::size_t> places;
        for (const std::string& term : terms_) {
            const auto [place, added] = places.emplace(term, out_.terms.size());
            if (added) {
                out_.terms.push_back({term_name(number, term), 1, length});
            } else if (searchable) {
                ++out_.terms[place->second].frequency;
            }
        }
    }

    const index::Tokenizer& tokenizer_;
    const bool lengths_;
    AnalysedObject& out_;
    std::vector<std::string> terms_;
};

}  // namespace

namespace {

constexpr double kSteps = 4294967295.0;  // 32 bits: less than a centimetre

std::optional<std::uint64_t> bits_of_place(const json::Value& value) {
    const json::Value* latitude = json::find(value, "latitude");
    const json::Value* longitude = json::find(value, "longitude");
    if (latitude == nullptr || longitude == nullptr || !latitude->is_number() ||
        !longitude->is_number() || value.get_object().size() != 2) {
        return std::nullopt;
    }
    return geo_bits(latitude->to_number<double>(), longitude->to_number<double>());
}

}  // namespace

std::optional<std::uint64_t> geo_bits(double latitude, double longitude) {
    if (!(std::abs(latitude) <= 90 && std::abs(longitude) <= 180)) return std::nullopt;
    const auto high = static_cast<std::uint64_t>(std::llround((latitude + 90) / 180 * kSteps));
    const auto low = static_cast<std::uint64_t>(std::llround((longitude + 180) / 360 * kSteps));
    return high << 32 | low;
}

Place place_of(std::uint64_t bits) {
    return {
        static_cast<double>(bits >> 32) / kSteps * 180 - 90,
        static_cast<double>(bits & 0xFFFFFFFF) / kSteps * 360 - 180,
    };
}

std::optional<std::uint64_t> column_bits(DataType type, const json::Value& value) {
    switch (type) {
        case DataType::integer:
            if (!value.is_int64()) return std::nullopt;
            return static_cast<std::uint64_t>(value.get_int64());
        case DataType::number:
            if (!value.is_number()) return std::nullopt;
            return std::bit_cast<std::uint64_t>(value.to_number<double>());
        case DataType::boolean:
            if (!value.is_bool()) return std::nullopt;
            return value.get_bool() ? 1U : 0U;
        case DataType::date: {
            if (!value.is_string()) return std::nullopt;
            const auto time = parse_rfc3339(json::view(value.get_string()));
            if (!time) return std::nullopt;
            return static_cast<std::uint64_t>(
                std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch())
                    .count()
            );
        }
        case DataType::geo:
            return bits_of_place(value);
        case DataType::text:
        case DataType::uuid:
        case DataType::object:
        case DataType::blob:
        case DataType::reference:
            return std::nullopt;
    }
    return std::nullopt;
}

Status normalise_value(const Property& property, json::Value& value) {
    if (value.is_null()) return Ok{};
    if (!property.array && property.type != DataType::reference) {
        return normalise_scalar(property, value);
    }
    if (!value.is_array()) return wrong_type(property, value);
    for (json::Value& element : value.get_array())
        TRY(normalise_scalar(property, element));
    return Ok{};
}

Status normalise_properties(const Schema& schema, json::Object& properties) {
    for (auto& member : properties) {
        const std::string_view name(member.key().data(), member.key().size());
        json::Value& value = member.value();
        const Property* property = schema.find(name);
        if (property == nullptr) {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("collection '{}' has no property '{}'", schema.name, name)
            };
        }
        TRY(normalise_value(*property, value));
    }
    return Ok{};
}

namespace {

void analyse_change(
    const StoredSchema& schema,
    const StoredSchema::Change& change,
    const json::Object& properties,
    Analyser& analyser
) {
    const auto place = schema.find(change.changed.name);
    if (!place) return;
    const json::Value* value = properties.if_contains(schema.fields[*place].key);
    const auto made = value == nullptr ? std::nullopt : converted(change.changed, *value);
    analyser.property(change.changed, change.number, made ? &*made : nullptr);
}

}  // namespace

AnalysedObject analyse(
    const StoredSchema& schema, const index::Tokenizer& tokenizer, const json::Object& properties
) {
    AnalysedObject object;
    Analyser analyser(tokenizer, schema.schema.index_lengths, object);
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
        const Property& property = schema.schema.properties[i];
        const json::Value* value = properties.if_contains(schema.fields[i].key);
        if (value == nullptr || !schema.fields[i].converted) {
            analyser.property(property, schema.fields[i].number, value);
        } else {
            const auto made = converted(property, *value);
            analyser.property(property, schema.fields[i].number, made ? &*made : nullptr);
        }
    }
    for (const StoredSchema::Change& change : schema.changes)
        analyse_change(schema, change, properties, analyser);
    return object;
}

AnalysedObject analyse_changed(
    const StoredSchema& schema,
    const StoredSchema::Change& change,
    const index::Tokenizer& tokenizer,
    const json::Object& properties
) {
    AnalysedObject object;
    Analyser analyser(tokenizer, schema.schema.index_lengths, object);
    analyse_change(schema, change, properties, analyser);
    return object;
}

}  // namespace moat::collections
