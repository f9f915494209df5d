#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "collections/analysis.h"
#include "collections/column.h"
#include "collections/keys.h"
#include "index/posting_list.h"

namespace moat::collections {

// The index entries of the rows [begin, end) in memory, and which earlier entries no longer count.
// Immutable once built, so readers share it.
struct Segment {
    struct Term {
        std::string name;      // term_name()
        std::string postings;  // encoded, with `begin` as base
    };
    // Rows which had the term and are gone; they stand in this or an earlier segment.
    struct Removal {
        std::string name;
        std::vector<Row> rows;  // rising
    };

    Row begin = 0;
    Row end = 0;
    std::vector<Term> terms;        // sorted by name
    std::vector<Removal> removals;  // sorted by name
    std::map<PropertyNumber, Column> columns;

    // nullptr when absent.
    const Term* find(std::string_view name) const;
    const Removal* find_removal(std::string_view name) const;
    std::size_t removal_count() const;
};

// Collects analysed objects, in rising order of rows, into a segment.
class SegmentBuilder {
  public:
    explicit SegmentBuilder(Row begin) : begin_(begin) {}

    void add(
        Row row, const AnalysedObject& object, std::int64_t created_ms, std::int64_t updated_ms
    );
    // The same without the times of the object.
    void add_entries(Row row, const AnalysedObject& object);
    void remove(Row row, const AnalysedObject& object);
    Segment finish(Row end);

  private:
    const Row begin_;
    std::unordered_map<std::string, std::vector<index::Posting>> postings_;
    std::unordered_map<std::string, std::vector<Row>> removals_;
    std::map<PropertyNumber, Column> columns_;
};

// One segment of several neighbours, which are in order. Entries of rows not in `keep` are left
// out, and so are removals of rows which stood in these segments and were left out.
// REQUIRES: at least one segment. Errors: corrupt.
Result<Segment> merge_segments(
    std::span<const std::shared_ptr<const Segment>> segments, const index::RowSet* keep
);

void encode_segment(const Segment& segment, std::string& out);
// Errors: corrupt.
Result<Segment> decode_segment(std::string_view bytes);

}  // namespace moat::collections
