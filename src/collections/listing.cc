#include "collections/listing.h"

#include <algorithm>

#include "collections/object_reader.h"
#include "collections/row_sorter.h"

namespace moat::collections {
namespace {

Result<std::vector<Object>> load_all(
    const ObjectReader& objects, const std::vector<Row>& rows, bool with_vector
) {
    std::vector<Object> out;
    out.reserve(rows.size());
    for (const Row row : rows) {
        TRY_ASSIGN(Object object, objects.load(row, with_vector));
        out.push_back(std::move(object));
    }
    return out;
}

// The rows of the set in id order, `count` of them from number `begin` on.
Result<std::vector<Row>> rows_by_id(
    const CollectionState& state,
    const index::RowSet& rows,
    const std::optional<Uuid>& after,
    std::size_t begin,
    std::size_t count
) {
    const CollectionNumber number = state.schema->number;
    const std::string prefix = collection_prefix(number);
    // A zero byte more is the next key after `after` itself.
    const std::string from = after ? id_key(number, *after) + '\0' : prefix;
    const auto cursor = state.snapshot->cursor(Space::ids, from, end_of_prefix(prefix));
    std::vector<Row> page;
    std::size_t passed = 0;
    for (; cursor->valid() && page.size() < count; cursor->next()) {
        const auto row = static_cast<Row>(big_endian_of(cursor->value()));
        if (rows.contains(row) && passed++ >= begin) page.push_back(row);
    }
    TRY(cursor->status());
    return page;
}

}  // namespace

Result<std::vector<Object>> list_rows(
    const CollectionState& state, const index::RowSet& rows, const ListRequest& request
) {
    const ObjectReader objects(state);
    if (!request.sort.empty()) {
        TRY_ASSIGN(
            auto sorted, sorted_rows(state, rows, request.sort, request.offset + request.limit)
        );
        const std::size_t skipped = std::min(request.offset, sorted.size());
        sorted.erase(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(skipped));
        return load_all(objects, sorted, request.with_vector);
    }
    // What a filter leaves is often little: a walk over all ids would cost as much for one object.
    if (request.filter && rows.count() <= request.limit) {
        std::vector<Row> numbers;
        rows.for_each([&numbers](Row row) { numbers.push_back(row); });
        TRY_ASSIGN(auto found, load_all(objects, numbers, request.with_vector));
        std::erase_if(found, [&](const Object& object) {
            return request.after && object.id <= *request.after;
        });
        std::ranges::sort(found, {}, &Object::id);
        const std::size_t skipped = std::min(request.offset, found.size());
        found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(skipped));
        return found;
    }
    TRY_ASSIGN(
        const auto page, rows_by_id(state, rows, request.after, request.offset, request.limit)
    );
    return load_all(objects, page, request.with_vector);
}

}  // namespace moat::collections
