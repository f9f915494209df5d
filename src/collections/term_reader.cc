#include "collections/term_reader.h"

#include <algorithm>

namespace moat::collections {
namespace {

constexpr std::size_t kPrefixBytes = 4;   // collection
constexpr std::size_t kSegmentBytes = 4;  // at the end of a term key

}  // namespace

SealedSegment TermReader::bounds(std::size_t segment) const {
    if (segment < state_.sealed.size()) return state_.sealed[segment];
    const Segment& tail = *state_.tail[segment - state_.sealed.size()];
    return {tail.begin, tail.end};
}

Status TermReader::find_sealed(std::string_view name, FoundTerm& found) const {
    if (state_.sealed.empty()) return Ok{};
    const CollectionNumber collection = state_.schema->number;
    const std::string begin = term_key(collection, name, 0);
    const std::string end = term_key(collection, name, index::kNoRow);
    const auto cursor = state_.snapshot->cursor(Space::terms, begin, end);
    std::size_t segment = 0;
    for (; cursor->valid(); cursor->next()) {
        const auto row = static_cast<Row>(
            big_endian_of(cursor->key().substr(cursor->key().size() - kSegmentBytes))
        );
        while (segment < state_.sealed.size() && state_.sealed[segment].begin < row)
            ++segment;
        // Entries of a segment that was being sealed when the power went are not part of any.
        if (segment == state_.sealed.size() || state_.sealed[segment].begin != row) continue;
        found.documents += index::PostingList::count_of(cursor->value());
        found.parts.push_back({segment, row, std::string(cursor->value()), {}});
    }
    return cursor->status();
}

Result<FoundTerm> TermReader::find(std::string_view name) const {
    FoundTerm found;
    TRY(find_sealed(name, found));
    for (FoundTerm::Part& part : found.parts)
        part.bytes = part.stored;
    std::uint64_t removed = 0;
    for (std::size_t i = 0; i < state_.tail.size(); ++i) {
        const Segment& segment = *state_.tail[i];
        if (const Segment::Term* term = segment.find(name)) {
            found.documents += index::PostingList::count_of(term->postings);
            found.parts.push_back({state_.sealed.size() + i, segment.begin, {}, term->postings});
        }
        if (const Segment::Removal* removal = segment.find_removal(name)) {
            removed += removal->rows.size();
        }
    }
    found.documents -= std::min(removed, found.documents);
    return found;
}

Status TermReader::add_rows(
    std::string_view begin, std::string_view end, const Accept& accept, index::RowSet& rows
) const {
    const auto add = [&rows](std::string_view postings, Row base) -> Status {
        TRY_ASSIGN(const auto list, index::PostingList::open(postings, base));
        return list.add_rows_to(rows);
    };
    const CollectionNumber collection = state_.schema->number;
    const std::string prefix = collection_prefix(collection);
    const auto cursor = state_.snapshot->cursor(
        Space::terms, prefix + std::string(begin), prefix + std::string(end)
    );
    for (; cursor->valid(); cursor->next()) {
        const std::string_view key = cursor->key();
        const std::string_view name =
            key.substr(kPrefixBytes, key.size() - kPrefixBytes - kSegmentBytes);
        const auto base = static_cast<Row>(big_endian_of(key.substr(key.size() - kSegmentBytes)));
        const bool sealed = std::ranges::binary_search(
            state_.sealed, base, {}, [](const SealedSegment& segment) { return segment.begin; }
        );
        if (!sealed || !accept(name)) continue;
        TRY(add(cursor->value(), base));
    }
    TRY(cursor->status());
    for (const auto& segment : state_.tail) {
        auto term = std::ranges::lower_bound(
            segment->terms,
            begin,
            {},
            [](const Segment::Term& t) -> std::string_view { return t.name; }
        );
        for (; term != segment->terms.end() && term->name < end; ++term) {
            if (accept(term->name)) TRY(add(term->postings, segment->begin));
        }
    }
    return Ok{};
}

Result<std::shared_ptr<const SortedColumn>> TermReader::sealed_column(
    PropertyNumber property, DataType type, const SealedSegment& segment
) const {
    const ColumnCache::Key key{state_.schema->number, property, segment.begin};
    if (auto known = state_.columns->find(key)) return known;
    TRY_ASSIGN(
        const auto bytes,
        state_.snapshot->get(
            Space::columns, column_key(state_.schema->number, property, segment.begin)
        )
    );
    if (!bytes) return std::shared_ptr<const SortedColumn>();
    TRY_ASSIGN(Column column, decode_column(*bytes, segment.begin));
    auto made = SortedColumn::make(type, std::move(column));
    state_.columns->add(key, made);
    return made;
}

Status TermReader::visit_columns(PropertyNumber property, DataType type, const VisitColumn& visit)
    const {
    for (const SealedSegment& segment : state_.sealed) {
        TRY_ASSIGN(const auto column, sealed_column(property, type, segment));
        if (column != nullptr) visit(column->by_row);
    }
    for (const auto& segment : state_.tail) {
        const auto found = segment->columns.find(property);
        if (found != segment->columns.end()) visit(found->second);
    }
    return Ok{};
}

Status TermReader::visit_between(
    PropertyNumber property,
    DataType type,
    std::uint64_t least,
    std::uint64_t greatest,
    const VisitValue& visit
) const {
    for (const SealedSegment& segment : state_.sealed) {
        TRY_ASSIGN(const auto column, sealed_column(property, type, segment));
        if (column == nullptr) continue;
        const auto& values = column->values;
        const auto begin = std::ranges::lower_bound(values, least) - values.begin();
        const auto end = std::ranges::upper_bound(values, greatest) - values.begin();
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
            visit(column->rows[i], values[i]);
    }
    for (const auto& segment : state_.tail) {
        const auto found = segment->columns.find(property);
        if (found == segment->columns.end()) continue;
        const Column& column = found->second;
        for (std::size_t i = 0; i < column.values.size(); ++i) {
            const std::uint64_t value = sortable(type, column.values[i]);
            if (value >= least && value <= greatest) visit(column.rows[i], value);
        }
    }
    return Ok{};
}

}  // namespace moat::collections
