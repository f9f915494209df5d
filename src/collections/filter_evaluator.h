#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/filter.h"
#include "collections/state.h"
#include "collections/term_reader.h"
#include "index/tokenizer.h"

namespace moat::collections {

// Turns a filter into the live rows that pass it, by the property indexes alone: no object is read.
//
//   text   a term condition: `equal` needs every term of the value, as the property's tokenization
//          cuts it, in the same object (so it is exact for `field` only); stopwords of the query
//          are passed over while others remain. `greater` and its kin compare terms bytewise.
//   lists  pass when any element does; an empty one is null
//   not_equal, none_of: everything else, objects without the property included
//
// Borrows: all. Threads: any.
// Errors: invalid_argument (naming the property), unsupported; io, corrupt; those of `find`.
class FilterEvaluator {
  public:
    FilterEvaluator(
        const CollectionState& state, const index::Tokenizer& tokenizer, const FindCollection& find
    )
        : state_(state), terms_(state), tokenizer_(tokenizer), find_(find) {}

    Result<index::RowSet> rows(const Filter& filter) const { return evaluate(filter, 0); }
    // The live rows with a value in that range, of a time of the object or a date property.
    Result<index::RowSet> rows_before(const std::string& property, std::int64_t time_ms) const;

  private:
    struct Target;

    Result<index::RowSet> evaluate(const Filter& filter, int depth) const;
    Result<index::RowSet> combine(const Filter& filter, int depth) const;
    Result<Target> target_of(const std::string& name) const;
    Result<Target> length_target(const std::string& name) const;
    Result<index::RowSet> leaf(const Filter& filter, int depth) const;
    Result<index::RowSet> ask(const Target& target, const Filter& filter) const;
    Result<index::RowSet> all_but(Result<index::RowSet> excluded) const;
    Result<index::RowSet> equal(const Target& target, const json::Value& value) const;
    Result<index::RowSet> equal_text(const Target& target, std::string_view text) const;
    Result<index::RowSet> contains(const Target& target, const Filter& filter) const;
    Result<index::RowSet> range(const Target& target, FilterOperator op, const json::Value& value)
        const;
    Result<index::RowSet> term_range(
        const Target& target, FilterOperator op, const json::Value& value
    ) const;
    Result<index::RowSet> like(const Target& target, const json::Value& value) const;
    Result<index::RowSet> within(const Target& target, const json::Value& value) const;
    Result<index::RowSet> having(const Target& target) const;
    Result<index::RowSet> ids(const Filter& filter) const;
    Result<index::RowSet> with_id(const json::Value& value) const;
    Result<index::RowSet> with_term(PropertyNumber property, std::string_view term) const;
    Result<index::RowSet> referring(const Filter& filter, int depth) const;
    Result<index::RowSet> referring_to(
        PropertyNumber property,
        std::string_view name,
        const CollectionState& target,
        const index::RowSet& rows
    ) const;

    const CollectionState& state_;
    const TermReader terms_;
    const index::Tokenizer& tokenizer_;
    const FindCollection& find_;
};

// Whether `text` matches `pattern`, in which ? stands for one character and * for any run.
bool matches_wildcards(std::string_view text, std::string_view pattern);

}  // namespace moat::collections
