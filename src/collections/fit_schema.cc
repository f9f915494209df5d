#include "collections/collection.h"

namespace moat::collections {

Status fit_schema(Collection& collection, const Principal& who, std::span<const Object> objects) {
    Schema schema = collection.schema();
    const auto fit = [&](std::string_view name, const json::Value& value) -> Status {
        if (value.is_null()) return Ok{};
        const Property* known = schema.find(name);
        if (known == nullptr) {
            TRY_ASSIGN(const Property inferred, infer_property(name, value));
            TRY(collection.add_property(who, inferred));
        } else {
            TRY_ASSIGN(const auto widened, widen_property(*known, value));
            if (!widened) return Ok{};
            TRY(collection.change_property(who, *widened));
        }
        schema = collection.schema();
        return Ok{};
    };
    for (const Object& object : objects) {
        for (const auto& [key, value] : object.properties)
            TRY(fit({key.data(), key.size()}, value));
    }
    return Ok{};
}

}  // namespace moat::collections
