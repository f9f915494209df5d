#include "collections/analysis.h"

#include <bit>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "base/clock.h"

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

Error wrong_type(const Property& property, const json::Value& value, std::string_view remark = "") {
    return {
        ErrorCode::invalid_argument,
        fmt::format(
            "property '{}' must be {}{}, and got {}{}",
            property.name,
            property.array ? "a list of " : "",
            to_string(property.type),
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
            fits = value.is_object();
            break;
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
    Analyser(const index::Tokenizer& tokenizer, AnalysedObject& out)
        : tokenizer_(tokenizer), out_(out) {}

    void property(const Property& property, PropertyNumber number, const json::Value& value) {
        terms_.clear();
        if (property.array && value.is_array()) {
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

  private:
    static bool is_numeric(DataType type) {
        return type == DataType::integer || type == DataType::number || type == DataType::boolean ||
               type == DataType::date;
    }

    void scalar(const Property& property, PropertyNumber number, const json::Value& value) {
        if (property.type == DataType::text) {
            if ((property.searchable || property.filterable) && value.is_string()) {
                tokenizer_.tokenize(json::view(value.get_string()), property.tokenization, terms_);
            }
        } else if (!property.filterable) {
            return;
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
    AnalysedObject& out_;
    std::vector<std::string> terms_;
};

}  // namespace

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
        case DataType::text:
        case DataType::uuid:
        case DataType::object:
            return std::nullopt;
    }
    return std::nullopt;
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
        if (value.is_null()) continue;
        if (!property->array) {
            TRY(normalise_scalar(*property, value));
            continue;
        }
        if (!value.is_array()) return wrong_type(*property, value);
        for (json::Value& element : value.get_array()) {
            TRY(normalise_scalar(*property, element));
        }
    }
    return Ok{};
}

AnalysedObject analyse(
    const StoredSchema& schema, const index::Tokenizer& tokenizer, const json::Object& properties
) {
    AnalysedObject object;
    Analyser analyser(tokenizer, object);
    for (std::size_t i = 0; i < schema.schema.properties.size(); ++i) {
        const Property& property = schema.schema.properties[i];
        const json::Value* value = properties.if_contains(property.name);
        if (value != nullptr && !value->is_null()) {
            analyser.property(property, schema.numbers[i], *value);
        }
    }
    return object;
}

}  // namespace moat::collections
