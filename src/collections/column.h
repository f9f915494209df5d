#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "index/row_set.h"

namespace moat::collections {

using index::Row;

// The values of one property in the rows of one segment, in rising order of rows; a list gives
// its row several entries. Text keeps only which rows have it: its values are terms.
struct Column {
    std::vector<Row> rows;
    // Empty, or one for each of rows: the bits of an int64 (integer, boolean 0 or 1, date in
    // nanoseconds since 1970) or of a double (number).
    std::vector<std::uint64_t> values;

    void add(Row row) { rows.push_back(row); }
    void add(Row row, std::uint64_t value) {
        rows.push_back(row);
        values.push_back(value);
    }
    void append(const Column& later);
};

void encode_column(const Column& column, Row base, std::string& out);
// Errors: corrupt.
Result<Column> decode_column(std::string_view bytes, Row base);

}  // namespace moat::collections
