#include "collections/segment.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "index/coding.h"

namespace moat::collections {
namespace {

template <class Entry>
const Entry* find_by_name(const std::vector<Entry>& entries, std::string_view name) {
    const auto found = std::lower_bound(
        entries.begin(),
        entries.end(),
        name,
        [](const Entry& entry, std::string_view wanted) { return entry.name < wanted; }
    );
    return found != entries.end() && found->name == name ? &*found : nullptr;
}

template <class Entry>
void sort_by_name(std::vector<Entry>& entries) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.name < b.name;
    });
}

// Visits the names of several sorted lists in order, with the entries that carry each.
template <class Entry, class Visit>
Status visit_merged(const std::vector<const std::vector<Entry>*>& lists, Visit visit) {
    std::vector<std::size_t> at(lists.size(), 0);
    std::vector<std::pair<std::size_t, const Entry*>> same;
    while (true) {
        const std::string* least = nullptr;
        for (std::size_t i = 0; i < lists.size(); ++i) {
            if (at[i] == lists[i]->size()) continue;
            const std::string& name = (*lists[i])[at[i]].name;
            if (least == nullptr || name < *least) least = &name;
        }
        if (least == nullptr) return Ok{};
        same.clear();
        for (std::size_t i = 0; i < lists.size(); ++i) {
            if (at[i] < lists[i]->size() && (*lists[i])[at[i]].name == *least) {
                same.emplace_back(i, &(*lists[i])[at[i]]);
            }
        }
        TRY(visit(*least, same));
        for (const auto& [i, entry] : same)
            ++at[i];
    }
}

using Segments = std::span<const std::shared_ptr<const Segment>>;

Status merge_terms(Segments segments, const index::RowSet* keep, Segment& out) {
    std::vector<const std::vector<Segment::Term>*> lists;
    for (const auto& segment : segments)
        lists.push_back(&segment->terms);
    std::vector<index::Posting> postings;
    const auto merge = [&](const std::string& name, const auto& entries) -> Status {
        postings.clear();
        for (const auto& [i, term] : entries) {
            TRY_ASSIGN(
                const auto list, index::PostingList::open(term->postings, segments[i]->begin)
            );
            TRY_ASSIGN(const auto part, list.read_all());
            for (const index::Posting& posting : part) {
                if (keep == nullptr || keep->contains(posting.row)) postings.push_back(posting);
            }
        }
        if (postings.empty()) return Ok{};
        Segment::Term& term = out.terms.emplace_back();
        term.name = name;
        index::encode_postings(postings, out.begin, term.postings);
        return Ok{};
    };
    return visit_merged(lists, merge);
}

Status merge_removals(Segments segments, const index::RowSet* keep, Segment& out) {
    std::vector<const std::vector<Segment::Removal>*> lists;
    for (const auto& segment : segments)
        lists.push_back(&segment->removals);
    const auto merge = [&](const std::string& name, const auto& entries) -> Status {
        Segment::Removal removal{name, {}};
        for (const auto& [i, entry] : entries) {
            for (const Row row : entry->rows) {
                // Its posting was left out above, so there is nothing left to discount.
                if (keep != nullptr && row >= out.begin && !keep->contains(row)) continue;
                removal.rows.push_back(row);
            }
        }
        std::sort(removal.rows.begin(), removal.rows.end());
        if (!removal.rows.empty()) out.removals.push_back(std::move(removal));
        return Ok{};
    };
    return visit_merged(lists, merge);
}

void merge_columns(Segments segments, const index::RowSet* keep, Segment& out) {
    for (const auto& segment : segments) {
        for (const auto& [property, column] : segment->columns) {
            Column& merged = out.columns[property];
            if (keep == nullptr) {
                merged.append(column);
                continue;
            }
            for (std::size_t i = 0; i < column.rows.size(); ++i) {
                if (!keep->contains(column.rows[i])) continue;
                merged.rows.push_back(column.rows[i]);
                if (!column.values.empty()) merged.values.push_back(column.values[i]);
            }
        }
    }
}

void put_rows(std::string& out, const std::vector<Row>& rows) {
    index::put_varint(out, rows.size());
    Row previous = 0;
    for (const Row row : rows) {
        index::put_varint(out, row - previous);
        previous = row;
    }
}

std::vector<Row> read_rows(index::Reader& reader) {
    std::vector<Row> rows;
    const std::uint64_t size = reader.varint();
    Row previous = 0;
    for (std::uint64_t i = 0; i < size && reader.ok(); ++i) {
        previous += reader.varint32();
        rows.push_back(previous);
    }
    return rows;
}

template <class Entry>
bool sorted_by_name(const std::vector<Entry>& entries) {
    return std::is_sorted(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.name < b.name;
    });
}

}  // namespace

const Segment::Term* Segment::find(std::string_view name) const {
    return find_by_name(terms, name);
}

const Segment::Removal* Segment::find_removal(std::string_view name) const {
    return find_by_name(removals, name);
}

std::size_t Segment::removal_count() const {
    std::size_t total = 0;
    for (const Removal& removal : removals)
        total += removal.rows.size();
    return total;
}

void SegmentBuilder::add(
    Row row, const AnalysedObject& object, std::int64_t created_ms, std::int64_t updated_ms
) {
    add_entries(row, object);
    columns_[kCreatedProperty].add(row, static_cast<std::uint64_t>(created_ms));
    columns_[kUpdatedProperty].add(row, static_cast<std::uint64_t>(updated_ms));
}

void SegmentBuilder::add_entries(Row row, const AnalysedObject& object) {
    for (const AnalysedObject::Term& term : object.terms) {
        postings_[term.name].push_back({row, term.frequency, term.length});
    }
    for (const AnalysedObject::Value& value : object.values) {
        if (value.bits) {
            columns_[value.property].add(row, *value.bits);
        } else {
            columns_[value.property].add(row);
        }
    }
}

void SegmentBuilder::remove(Row row, const AnalysedObject& object) {
    for (const AnalysedObject::Term& term : object.terms)
        removals_[term.name].push_back(row);
}

Segment SegmentBuilder::finish(Row end) {
    Segment segment;
    segment.begin = begin_;
    segment.end = end;
    segment.columns = std::move(columns_);
    segment.terms.reserve(postings_.size());
    for (const auto& [name, postings] : postings_) {
        Segment::Term& term = segment.terms.emplace_back();
        term.name = name;
        index::encode_postings(postings, begin_, term.postings);
    }
    sort_by_name(segment.terms);
    for (auto& [name, rows] : removals_) {
        std::sort(rows.begin(), rows.end());
        segment.removals.push_back({name, std::move(rows)});
    }
    sort_by_name(segment.removals);
    return segment;
}

Result<Segment> merge_segments(Segments segments, const index::RowSet* keep) {
    CHECK(!segments.empty());
    Segment merged;
    merged.begin = segments.front()->begin;
    merged.end = segments.back()->end;
    TRY(merge_terms(segments, keep, merged));
    TRY(merge_removals(segments, keep, merged));
    merge_columns(segments, keep, merged);
    return merged;
}

void encode_segment(const Segment& segment, std::string& out) {
    index::put_varint(out, segment.begin);
    index::put_varint(out, segment.end - segment.begin);
    index::put_varint(out, segment.terms.size());
    for (const Segment::Term& term : segment.terms) {
        index::put_bytes(out, term.name);
        index::put_bytes(out, term.postings);
    }
    index::put_varint(out, segment.removals.size());
    for (const Segment::Removal& removal : segment.removals) {
        index::put_bytes(out, removal.name);
        put_rows(out, removal.rows);
    }
    index::put_varint(out, segment.columns.size());
    for (const auto& [property, column] : segment.columns) {
        index::put_varint(out, property);
        std::string bytes;
        encode_column(column, segment.begin, bytes);
        index::put_bytes(out, bytes);
    }
}

Result<Segment> decode_segment(std::string_view bytes) {
    const Error corrupt{ErrorCode::corrupt, "a stored index segment does not hold together"};
    index::Reader reader(bytes);
    Segment segment;
    segment.begin = reader.varint32();
    const std::uint64_t end = std::uint64_t{segment.begin} + reader.varint32();
    if (end > index::kNoRow) return corrupt;
    segment.end = static_cast<Row>(end);
    const std::uint64_t terms = reader.varint();
    for (std::uint64_t i = 0; i < terms && reader.ok(); ++i) {
        Segment::Term& term = segment.terms.emplace_back();
        term.name = reader.bytes();
        term.postings = reader.bytes();
    }
    const std::uint64_t removals = reader.varint();
    for (std::uint64_t i = 0; i < removals && reader.ok(); ++i) {
        Segment::Removal& removal = segment.removals.emplace_back();
        removal.name = reader.bytes();
        removal.rows = read_rows(reader);
    }
    const std::uint64_t columns = reader.varint();
    for (std::uint64_t i = 0; i < columns && reader.ok(); ++i) {
        const auto property = static_cast<PropertyNumber>(reader.varint32());
        TRY_ASSIGN(segment.columns[property], decode_column(reader.bytes(), segment.begin));
    }
    if (!reader.ok() || !reader.at_end()) return corrupt;
    if (!sorted_by_name(segment.terms) || !sorted_by_name(segment.removals)) return corrupt;
    return segment;
}

}  // namespace moat::collections
