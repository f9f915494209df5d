#include "collections/aggregator.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "base/clock.h"
#include "collections/analysis.h"
#include "collections/column_cache.h"
#include "collections/searcher.h"
#include "collections/term_reader.h"

namespace moat::collections {
namespace {

bool is_column_type(DataType type) {
    return type == DataType::integer || type == DataType::number || type == DataType::boolean ||
           type == DataType::date;
}

// Without the zeros at the end of a fraction.
std::string short_rfc3339(Time time) {
    std::string text = to_rfc3339(time);
    text.pop_back();
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text + "Z";
}

// The values of one property in one group.
class Values {
  public:
    Values(const Property& property, std::size_t top) : property_(&property), top_(top) {}

    void add_bits(std::uint64_t bits) { numbers_.push_back(sortable(property_->type, bits)); }
    void add(const json::Value& value) {
        if (value.is_null()) return;
        if (value.is_array()) {
            for (const json::Value& element : value.get_array())
                add(element);
        } else if (is_column_type(property_->type)) {
            if (const auto bits = column_bits(property_->type, value)) add_bits(*bits);
        } else {
            ++count_;
            if (value.is_string()) count_text(json::view(value.get_string()));
        }
    }

    PropertyStatistics statistics() {
        PropertyStatistics out;
        out.count = count_ + numbers_.size();
        if (property_->type == DataType::boolean) {
            for (const std::uint64_t number : numbers_)
                ++(unsortable(DataType::boolean, number) != 0 ? out.total_true : out.total_false);
        } else if (!numbers_.empty()) {
            add_number_statistics(out);
        }
        for (const auto& [text, count] : texts_)
            out.top.push_back({text, count});
        std::ranges::sort(out.top, [](const auto& a, const auto& b) {
            return a.count != b.count ? a.count > b.count : a.value < b.value;
        });
        if (out.top.size() > top_) out.top.resize(top_);
        out.pointing_to.assign(targets_.begin(), targets_.end());
        return out;
    }

  private:
    void count_text(std::string_view text) {
        if (property_->type == DataType::reference) {
            targets_.emplace(text.substr(0, text.rfind('/')));
        } else if (top_ > 0) {
            ++texts_[std::string(text)];
        }
    }

    double number_at(std::size_t i) const {
        const std::uint64_t bits = unsortable(property_->type, numbers_[i]);
        return property_->type == DataType::number
                   ? std::bit_cast<double>(bits)
                   : static_cast<double>(static_cast<std::int64_t>(bits));
    }
    json::Value value_at(std::size_t i) const {
        const std::uint64_t bits = unsortable(property_->type, numbers_[i]);
        const auto whole = static_cast<std::int64_t>(bits);
        if (property_->type == DataType::number) return std::bit_cast<double>(bits);
        if (property_->type == DataType::integer) return whole;
        const Time time{std::chrono::duration_cast<Time::duration>(std::chrono::nanoseconds(whole))
        };
        return json::String(short_rfc3339(time));
    }
    // Between the middle two of an even number; of dates the earlier one.
    json::Value median() const {
        const std::size_t middle = numbers_.size() / 2;
        if (numbers_.size() % 2 == 1) return value_at(middle);
        if (property_->type == DataType::date) return value_at(middle - 1);
        return (number_at(middle - 1) + number_at(middle)) / 2;
    }
    // The most frequent value, the least among equals.
    json::Value mode() const {
        std::size_t best = 0;
        std::size_t best_length = 0;
        for (std::size_t begin = 0; begin < numbers_.size();) {
            std::size_t end = begin;
            while (end < numbers_.size() && numbers_[end] == numbers_[begin])
                ++end;
            if (end - begin > best_length) {
                best = begin;
                best_length = end - begin;
            }
            begin = end;
        }
        return value_at(best);
    }
    void add_number_statistics(PropertyStatistics& out) {
        std::ranges::sort(numbers_);
        out.minimum = value_at(0);
        out.maximum = value_at(numbers_.size() - 1);
        out.median = median();
        out.mode = mode();
        if (property_->type == DataType::date) return;
        double sum = 0;
        for (std::size_t i = 0; i < numbers_.size(); ++i)
            sum += number_at(i);
        out.sum = sum;
        out.mean = sum / static_cast<double>(numbers_.size());
    }

    const Property* property_;
    std::size_t top_;
    std::uint64_t count_ = 0;
    std::vector<std::uint64_t> numbers_;  // sortable()
    std::unordered_map<std::string, std::uint64_t> texts_;
    std::set<std::string, std::less<>> targets_;
};

struct Group {
    json::Value value;
    std::size_t number = 0;  // in the order of their first objects
    std::uint64_t count = 0;
    std::vector<Values> values;  // of the properties asked for
};

class Aggregator {
  public:
    Aggregator(
        const CollectionState& state, const AggregateRequest& request, const index::RowSet& rows
    )
        : state_(state), request_(request), rows_(rows), objects_(state) {}

    Result<std::vector<AggregateGroup>> run() {
        for (const AggregateProperty& asked : request_.properties) {
            TRY_ASSIGN(const Property* property, property_named(asked.name));
            properties_.push_back(property);
        }
        if (request_.group_by.empty()) {
            groups_.push_back(new_group(nullptr));
            TRY(fill_one());
        } else {
            TRY(property_named(request_.group_by));
            TRY(fill_groups());
        }
        return finish();
    }

  private:
    Result<const Property*> property_named(const std::string& name) const {
        const Property* property = state_.schema->schema.find(name);
        if (property != nullptr) return property;
        return Error{ErrorCode::invalid_argument, fmt::format("there is no property '{}'", name)};
    }
    Group new_group(json::Value value) const {
        Group group{std::move(value), groups_.size(), 0, {}};
        for (std::size_t i = 0; i < properties_.size(); ++i)
            group.values.emplace_back(*properties_[i], request_.properties[i].top_occurrences);
        return group;
    }

    Status fill_one() {
        Group& group = groups_.front();
        group.count = rows_.count();
        bool needs_objects = false;
        for (std::size_t i = 0; i < properties_.size(); ++i) {
            if (!comes_from_column(*properties_[i])) {
                needs_objects = true;
                continue;
            }
            const PropertyNumber number = state_.schema->number_of(*properties_[i]);
            const DataType type = properties_[i]->type;
            TRY(TermReader(state_).visit_columns(number, type, [&](const Column& column) {
                for (std::size_t k = 0; k < column.values.size(); ++k) {
                    if (rows_.contains(column.rows[k])) group.values[i].add_bits(column.values[k]);
                }
            }));
        }
        if (!needs_objects) return Ok{};
        return objects_.visit(rows_, [&](Row, const Object& object) { add(object, group, false); });
    }

    static bool comes_from_column(const Property& property) {
        return is_column_type(property.type) && property.filterable;
    }

    Status fill_groups() {
        return objects_.visit(rows_, [&](Row, const Object& object) {
            const json::Value* value = object.properties.if_contains(request_.group_by);
            if (value == nullptr || value->is_null()) return;
            if (!value->is_array()) {
                add_to_group(*value, object);
                return;
            }
            std::set<std::string> seen;
            for (const json::Value& element : value->get_array()) {
                if (seen.insert(json::write(element)).second) add_to_group(element, object);
            }
        });
    }
    void add_to_group(const json::Value& value, const Object& object) {
        const auto [place, added] = places_.try_emplace(json::write(value), groups_.size());
        if (added) groups_.push_back(new_group(value));
        Group& group = groups_[place->second];
        ++group.count;
        add(object, group, true);
    }
    void add(const Object& object, Group& group, bool with_columns) const {
        for (std::size_t i = 0; i < properties_.size(); ++i) {
            if (!with_columns && comes_from_column(*properties_[i])) continue;
            const json::Value* value = object.properties.if_contains(properties_[i]->name);
            if (value != nullptr) group.values[i].add(*value);
        }
    }

    std::vector<AggregateGroup> finish() {
        std::ranges::sort(groups_, [](const Group& a, const Group& b) {
            return a.count != b.count ? a.count > b.count : a.number < b.number;
        });
        if (!request_.group_by.empty() && groups_.size() > request_.limit) {
            groups_.erase(
                groups_.begin() + static_cast<std::ptrdiff_t>(request_.limit), groups_.end()
            );
        }
        std::vector<AggregateGroup> out;
        for (Group& group : groups_) {
            AggregateGroup& each = out.emplace_back();
            each.value = std::move(group.value);
            each.count = group.count;
            for (std::size_t i = 0; i < properties_.size(); ++i)
                each.properties[properties_[i]->name] = group.values[i].statistics();
        }
        return out;
    }

    const CollectionState& state_;
    const AggregateRequest& request_;
    const index::RowSet& rows_;
    const ObjectReader objects_;
    std::vector<const Property*> properties_;
    std::vector<Group> groups_;
    std::unordered_map<std::string, std::size_t> places_;
};

Result<index::RowSet> rows_of(
    const CollectionState& state, const SearchContext& context, const AggregateRequest& request
) {
    if (!request.search) return allowed_rows(state, context, request.filter);
    SearchRequest search = *request.search;
    search.filter = request.filter;
    search.offset = 0;
    TRY_ASSIGN(const auto found, Searcher(state, context).rank(search));
    index::RowSet rows;
    for (const index::ScoredRow& hit : found)
        rows.add(hit.row);
    return rows;
}

}  // namespace

Result<std::vector<AggregateGroup>> aggregate_rows(
    const CollectionState& state, const SearchContext& context, const AggregateRequest& request
) {
    TRY_ASSIGN(const index::RowSet rows, rows_of(state, context, request));
    return Aggregator(state, request, rows).run();
}

}  // namespace moat::collections
