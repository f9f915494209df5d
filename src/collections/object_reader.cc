#include "collections/object_reader.h"

#include <algorithm>

#include "collections/object_codec.h"
#include "collections/stored_object.h"

namespace moat::collections {

Result<std::string> ObjectReader::bytes_of(Row row) const {
    TRY_ASSIGN(
        auto bytes, state_.snapshot->get(Space::objects, row_key(state_.schema->number, row))
    );
    if (!bytes) return Error{ErrorCode::corrupt, "an indexed object is missing"};
    return std::move(*bytes);
}

Result<Object> ObjectReader::load(Row row, bool with_vector) const {
    TRY_ASSIGN(const std::string bytes, bytes_of(row));
    TRY_ASSIGN(Object object, decode_object(bytes));
    from_stored(*state_.schema, object.properties);
    if (with_vector) TRY(load_vectors(row, object));
    return object;
}

Status ObjectReader::visit(const index::RowSet& rows, const Visit& visit) const {
    constexpr Row kNear = 16;  // so many are sooner passed over than another is looked up
    const CollectionNumber number = state_.schema->number;
    const auto cursor = state_.snapshot->cursor(
        Space::objects, collection_prefix(number), end_of_prefix(collection_prefix(number))
    );
    Status status = Ok{};
    Row at = 0;  // the cursor may stand at this row, or before
    rows.for_each([&](Row row) {
        if (!status) return;
        const std::string key = row_key(number, row);
        if (row - at > kNear) cursor->seek(key);
        while (cursor->valid() && cursor->key() < key)
            cursor->next();
        at = row;
        status = cursor->status();
        if (!status) return;
        if (!cursor->valid() || cursor->key() != key) {
            status = Error{ErrorCode::corrupt, "an indexed object is missing"};
            return;
        }
        auto object = decode_object(cursor->value());
        if (!object) {
            status = object.error();
            return;
        }
        from_stored(*state_.schema, object->properties);
        visit(row, *std::move(object));
    });
    return status;
}

Result<Uuid> ObjectReader::id(Row row) const {
    TRY_ASSIGN(const std::string bytes, bytes_of(row));
    return decode_id(bytes);
}

Result<std::vector<float>> ObjectReader::vector(Row row, VectorSlot slot) const {
    TRY_ASSIGN(
        const auto bytes,
        state_.snapshot->get(Space::vectors, vector_key(state_.schema->number, row, slot))
    );
    if (!bytes) return Error{ErrorCode::corrupt, "the vector of an object is missing"};
    return decode_vector(*bytes);
}

Status ObjectReader::load_vectors(Row row, Object& object) const {
    for (const auto& [slot, field] : state_.vectors) {
        if (!field.rows->contains(row)) continue;
        TRY_ASSIGN(auto values, vector(row, slot));
        if (slot == 0) {
            object.vector = std::move(values);
            continue;
        }
        const auto& slots = state_.schema->slots;
        const auto named = std::ranges::find(slots, slot);
        if (named == slots.end()) continue;
        const auto place = static_cast<std::size_t>(named - slots.begin());
        object.vectors[state_.schema->schema.vectors[place].name] = std::move(values);
    }
    return Ok{};
}

Result<std::optional<Row>> ObjectReader::row_of(const Uuid& id) const {
    TRY_ASSIGN(const auto row, state_.snapshot->get(Space::ids, id_key(state_.schema->number, id)));
    if (!row) return std::optional<Row>();
    return std::optional(static_cast<Row>(big_endian_of(*row)));
}

}  // namespace moat::collections
