#include "collections/column.h"

#include "index/coding.h"

namespace moat::collections {

void Column::append(const Column& later) {
    rows.insert(rows.end(), later.rows.begin(), later.rows.end());
    values.insert(values.end(), later.values.begin(), later.values.end());
}

void encode_column(const Column& column, Row base, std::string& out) {
    index::put_varint(out, column.rows.size());
    out.push_back(column.values.empty() ? 0 : 1);
    Row previous = base;
    for (const Row row : column.rows) {
        index::put_varint(out, row - previous);
        previous = row;
    }
    for (const std::uint64_t value : column.values)
        index::put_fixed(out, value);
}

Result<Column> decode_column(std::string_view bytes, Row base) {
    const Error corrupt{ErrorCode::corrupt, "a stored column does not hold together"};
    index::Reader reader(bytes);
    const std::uint64_t size = reader.varint();
    const bool has_values = reader.fixed<std::uint8_t>() != 0;
    if (!reader.ok() || size > reader.rest().size()) return corrupt;
    Column column;
    column.rows.reserve(size);
    std::uint64_t row = base;
    for (std::uint64_t i = 0; i < size; ++i) {
        row += reader.varint32();
        if (row >= index::kNoRow) return corrupt;
        column.rows.push_back(static_cast<Row>(row));
    }
    if (has_values) {
        column.values.reserve(size);
        for (std::uint64_t i = 0; i < size; ++i) {
            column.values.push_back(reader.fixed<std::uint64_t>());
        }
    }
    if (!reader.ok() || !reader.at_end()) return corrupt;
    return column;
}

}  // namespace moat::collections
