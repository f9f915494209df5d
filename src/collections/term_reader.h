#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/state.h"
#include "index/posting_list.h"

namespace moat::collections {

// A term's posting lists, one for each segment that has it, in order of rows.
struct FoundTerm {
    struct Part {
        std::size_t segment = 0;  // sealed ones first, then the tail
        Row begin = 0;            // of the segment
        std::string stored;       // the list, when it comes from the store
        std::string_view bytes;   // the list; into `stored` or the tail
    };

    std::uint64_t documents = 0;  // live ones that have the term
    std::vector<Part> parts;
};

// Looks terms and columns up in a state, wherever its segments are.
// Borrows: the state. Threads: any. Errors: io, corrupt.
class TermReader {
  public:
    explicit TermReader(const CollectionState& state) : state_(state) {}

    Result<FoundTerm> find(std::string_view name) const;

    using Accept = std::function<bool(std::string_view name)>;
    // Adds to `rows` the rows, live or not, of the terms of [begin, end) that are accepted.
    Status add_rows(
        std::string_view begin, std::string_view end, const Accept& accept, index::RowSet& rows
    ) const;

    // The column of a property in each segment that has it, in order of rows. `type` says how the
    // values sort.
    using VisitColumn = std::function<void(const Column&)>;
    Status visit_columns(PropertyNumber property, DataType type, const VisitColumn& visit) const;
    // The rows, live or not, with a value in [least, greatest] (sortable()). Cost: of what is
    // found, and of one pass over the tail.
    using VisitValue = std::function<void(Row row, std::uint64_t value)>;
    Status visit_between(
        PropertyNumber property,
        DataType type,
        std::uint64_t least,
        std::uint64_t greatest,
        const VisitValue& visit
    ) const;
    Status add_rows_between(
        PropertyNumber property,
        DataType type,
        std::uint64_t least,
        std::uint64_t greatest,
        index::RowSet& rows
    ) const {
        const auto add = [&rows](Row row, std::uint64_t) { rows.add(row); };
        return visit_between(property, type, least, greatest, add);
    }

    std::size_t segment_count() const { return state_.sealed.size() + state_.tail.size(); }
    SealedSegment bounds(std::size_t segment) const;

  private:
    // nullptr when the segment has none.
    Result<std::shared_ptr<const SortedColumn>> sealed_column(
        PropertyNumber property, DataType type, const SealedSegment& segment
    ) const;
    Status find_sealed(std::string_view name, FoundTerm& found) const;

    const CollectionState& state_;
};

}  // namespace moat::collections
