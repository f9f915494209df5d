#include <cmath>

#include "api/weaviate/names.h"
#include "api/weaviate/rpc_message.h"
#include "api/weaviate/rpc_methods.h"
#include "api/weaviate/rpc_query.h"

namespace moat::api::weaviate {
namespace {

using collections::AggregateGroup;
using collections::PropertyStatistics;
using Request = wire::AggregateRequest;
using Kind = Request::Aggregation::AggregationCase;

std::int64_t whole(std::uint64_t count) {
    return static_cast<std::int64_t>(count);
}

void write_integer(const PropertyStatistics& from, wire::Aggregations::Aggregation::Integer& out) {
    const auto set = [](const json::Value& value, auto setter) {
        if (value.is_number()) setter(std::llround(number_of(&value, 0)));
    };
    out.set_count(whole(from.count));
    out.set_type("int");
    set(from.minimum, [&](std::int64_t value) { out.set_minimum(value); });
    set(from.maximum, [&](std::int64_t value) { out.set_maximum(value); });
    set(from.mode, [&](std::int64_t value) { out.set_mode(value); });
    if (from.median.is_number()) out.set_median(number_of(&from.median, 0));
    if (from.mean) out.set_mean(*from.mean);
    if (from.sum) out.set_sum(std::llround(*from.sum));
}

void write_number(const PropertyStatistics& from, wire::Aggregations::Aggregation::Number& out) {
    out.set_count(whole(from.count));
    out.set_type("number");
    if (from.minimum.is_number()) out.set_minimum(number_of(&from.minimum, 0));
    if (from.maximum.is_number()) out.set_maximum(number_of(&from.maximum, 0));
    if (from.mode.is_number()) out.set_mode(number_of(&from.mode, 0));
    if (from.median.is_number()) out.set_median(number_of(&from.median, 0));
    if (from.mean) out.set_mean(*from.mean);
    if (from.sum) out.set_sum(*from.sum);
}

void write_text(
    const PropertyStatistics& from, bool top, wire::Aggregations::Aggregation::Text& out
) {
    out.set_count(whole(from.count));
    out.set_type("text");
    if (!top) return;
    auto* list = out.mutable_top_occurences();
    for (const auto& occurrence : from.top) {
        auto* item = list->add_items();
        item->set_value(occurrence.value);
        item->set_occurs(whole(occurrence.count));
    }
}

void write_boolean(const PropertyStatistics& from, wire::Aggregations::Aggregation::Boolean& out) {
    const auto all = static_cast<double>(from.total_true + from.total_false);
    out.set_count(whole(from.count));
    out.set_type("boolean");
    out.set_total_true(whole(from.total_true));
    out.set_total_false(whole(from.total_false));
    if (all == 0) return;
    out.set_percentage_true(static_cast<double>(from.total_true) / all);
    out.set_percentage_false(static_cast<double>(from.total_false) / all);
}

void write_date(const PropertyStatistics& from, wire::Aggregations::Aggregation::Date& out) {
    out.set_count(whole(from.count));
    out.set_type("date");
    if (from.minimum.is_string()) out.set_minimum(text_of(&from.minimum, ""));
    if (from.maximum.is_string()) out.set_maximum(text_of(&from.maximum, ""));
    if (from.median.is_string()) out.set_median(text_of(&from.median, ""));
    if (from.mode.is_string()) out.set_mode(text_of(&from.mode, ""));
}

// As the kind that was asked for; the kind is the property's, or the client is mistaken.
void write_property(
    const Request::Aggregation& wanted,
    const PropertyStatistics& from,
    wire::Aggregations::Aggregation& out
) {
    out.set_property(wanted.property());
    switch (wanted.aggregation_case()) {
        case Kind::kInt:
            return write_integer(from, *out.mutable_int_());
        case Kind::kNumber:
            return write_number(from, *out.mutable_number());
        case Kind::kText:
            return write_text(from, wanted.text().top_occurences(), *out.mutable_text());
        case Kind::kBoolean:
            return write_boolean(from, *out.mutable_boolean());
        case Kind::kDate:
            return write_date(from, *out.mutable_date());
        case Kind::kReference:
            out.mutable_reference()->set_type("cref");
            for (const std::string& target : from.pointing_to)
                out.mutable_reference()->add_pointing_to(target);
            return;
        case Kind::AGGREGATION_NOT_SET:
            return;
    }
}

template <class Out>
void write_group(const Request& request, const AggregateGroup& group, Out& out) {
    if (request.objects_count()) out.set_objects_count(whole(group.count));
    if (request.aggregations().empty()) return;
    auto* list = out.mutable_aggregations();
    for (const auto& wanted : request.aggregations()) {
        const auto found = group.properties.find(property_name(wanted.property()));
        if (found != group.properties.end())
            write_property(wanted, found->second, *list->add_aggregations());
    }
}

void write_value(const AggregateGroup& group, const std::string& property, auto& out) {
    out.add_path(property);
    const json::Value& value = group.value;
    if (value.is_bool())
        out.set_boolean(value.get_bool());
    else if (value.is_int64())
        out.set_int_(value.get_int64());
    else if (value.is_number())
        out.set_number(number_of(&value, 0));
    else
        out.set_text(text_of(&value, ""));
}

Result<Query> read_question(
    const Request& request, const collections::Schema& schema, const SchemaOf& schema_of
) {
    Query query;
    query.class_name = request.collection();
    query.tenant = request.tenant();
    if (request.has_filters()) {
        TRY_ASSIGN(query.search.filter, read_filters(request.filters(), schema, schema_of));
    }
    switch (request.search_case()) {
        case Request::kHybrid:
            query.kind = Query::Kind::hybrid;
            TRY(read_hybrid(request.hybrid(), query));
            break;
        case Request::kNearVector:
            query.kind = Query::Kind::near_vector;
            TRY(read_near_vector(request.near_vector(), query));
            break;
        case Request::kNearObject:
            query.kind = Query::Kind::near_object;
            TRY(read_near_object(request.near_object(), query));
            break;
        case Request::kNearText:
            query.kind = Query::Kind::near_text;
            TRY(read_near_text(request.near_text(), query));
            break;
        case Request::SEARCH_NOT_SET:
            break;
        default:
            return Error{
                ErrorCode::unsupported, "search by images, sound and the like is not supported"
            };
    }
    return query;
}

Counting counting_of(const Request& request) {
    Counting out;
    if (request.has_object_limit()) out.objects = request.object_limit();
    if (request.has_limit()) out.groups = request.limit();
    if (request.has_group_by()) out.group_by = property_name(request.group_by().property());
    for (const auto& wanted : request.aggregations()) {
        constexpr std::size_t kDefaultTop = 5;
        const auto& text = wanted.text();
        const std::size_t top =
            text.has_top_occurences_limit() ? text.top_occurences_limit() : kDefaultTop;
        out.properties.push_back(
            {.name = property_name(wanted.property()),
             .top_occurrences = text.top_occurences() ? top : 0}
        );
    }
    return out;
}

}  // namespace

Result<std::string> rpc_aggregate(const Services& services, const RpcCall& call) {
    const Time begun = begin();
    Request request;
    TRY(parse_message(call.message, request));
    const Classes classes(services);
    const auto schema_of = [&](std::string_view name) -> Result<collections::Schema> {
        TRY_ASSIGN(const auto collection, classes.open(call.principal, name));
        return collection->schema();
    };
    TRY_ASSIGN(const collections::Schema schema, schema_of(request.collection()));
    TRY_ASSIGN(Query query, read_question(request, schema, schema_of));
    TRY_ASSIGN(
        const auto collection,
        classes.open(call.principal, request.collection(), request.tenant(), false)
    );
    TRY_ASSIGN(
        const auto groups,
        aggregate(
            services,
            call.principal,
            *collection,
            std::move(query),
            counting_of(request),
            call.client_gone
        )
    );
    wire::AggregateReply reply;
    if (!request.has_group_by()) {
        if (!groups.empty()) write_group(request, groups.front(), *reply.mutable_single_result());
        return finish(reply, begun);
    }
    auto* list = reply.mutable_grouped_results();
    for (const AggregateGroup& group : groups) {
        auto* out = list->add_groups();
        write_group(request, group, *out);
        write_value(group, request.group_by().property(), *out->mutable_grouped_by());
    }
    return finish(reply, begun);
}

}  // namespace moat::api::weaviate
