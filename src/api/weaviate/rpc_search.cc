#include <algorithm>

#include "api/weaviate/names.h"
#include "api/weaviate/rpc_message.h"
#include "api/weaviate/rpc_methods.h"
#include "api/weaviate/rpc_query.h"
#include "api/weaviate/rpc_values.h"

namespace moat::api::weaviate {
namespace {

using collections::Object;
using collections::Schema;
using collections::SearchHit;

constexpr std::size_t kMaxReferencesFollowed = 100'000;

bool wants_vectors(const wire::MetadataRequest& wanted) {
    return wanted.vector() || !wanted.vectors().empty();
}

// Only what was asked of an object with members.
json::Value select(const wire::ObjectPropertiesRequest& wanted, const json::Value& value) {
    if (const json::Array* list = value.if_array()) {
        json::Array out;
        for (const json::Value& entry : *list)
            out.push_back(select(wanted, entry));
        return out;
    }
    json::Object out;
    for (const std::string& name : wanted.primitive_properties())
        if (const json::Value* found = member(value, name)) out[name] = *found;
    for (const wire::ObjectPropertiesRequest& inner : wanted.object_properties())
        if (const json::Value* found = member(value, inner.prop_name()))
            out[inner.prop_name()] = select(inner, *found);
    return out;
}

class Writer {
  public:
    Writer(
        const Services& services,
        const Principal& who,
        const wire::SearchRequest& request,
        const Query& query,
        const Answer& answer
    )
        : services_(services), who_(who), request_(request), query_(query), answer_(answer) {}

    Status write(wire::SearchReply& reply) {
        const Extras& extras = answer_.extras;
        for (const collections::SearchGroup& group : answer_.result.groups)
            TRY(write_group(group, *reply.add_group_by_results()));
        for (std::size_t i = 0; i < answer_.result.hits.size() && !query_.search.group_by; ++i)
            TRY(write_result(i, *reply.add_results()));
        if (extras.grouped)
            reply.mutable_generative_grouped_results()->add_values()->set_result(*extras.grouped);
        return Ok{};
    }

  private:
    Status write_group(const collections::SearchGroup& group, wire::GroupByResult& out) {
        if (group.value.is_string())
            out.set_name(text_of(&group.value, ""));
        else if (!group.value.is_null())
            out.set_name(json::write(group.value));
        out.set_number_of_objects(static_cast<std::int64_t>(group.hits.size()));
        float least = 0, most = 0;
        bool first = true;
        for (const std::size_t place : group.hits) {
            const SearchHit& hit = answer_.result.hits[place];
            TRY(write_result(place, *out.add_objects()));
            if (!hit.distance) continue;
            least = first ? *hit.distance : std::min(least, *hit.distance);
            most = first ? *hit.distance : std::max(most, *hit.distance);
            first = false;
        }
        out.set_min_distance(least);
        out.set_max_distance(most);
        // What models said of its best object is said of the group.
        const Extras& extras = answer_.extras;
        const std::size_t best = group.hits.front();
        if (best < extras.scores.size()) out.mutable_rerank()->set_score(extras.scores[best]);
        if (best < extras.texts.size()) {
            out.mutable_generative()->set_result(extras.texts[best]);
            out.mutable_generative_result()->add_values()->set_result(extras.texts[best]);
        }
        return Ok{};
    }

    // A hit, with what models said of it.
    Status write_result(std::size_t place, wire::SearchResult& out) {
        const Extras& extras = answer_.extras;
        TRY(write_hit(answer_.result.hits[place], out));
        if (place < extras.scores.size()) {
            out.mutable_metadata()->set_rerank_score(extras.scores[place]);
            out.mutable_metadata()->set_rerank_score_present(true);
        }
        if (place < extras.texts.size())
            out.mutable_generative()->add_values()->set_result(extras.texts[place]);
        return Ok{};
    }

    Status write_hit(const SearchHit& hit, wire::SearchResult& out) {
        const auto* wanted = request_.has_properties() ? &request_.properties() : nullptr;
        TRY(write_object(answer_.schema, hit.object, wanted, *out.mutable_properties()));
        write_metadata(answer_.schema, hit, request_.metadata(), *out.mutable_metadata());
        return Ok{};
    }

    // `wanted` nullptr: every property that is no reference.
    Status write_object(
        const Schema& schema,
        const Object& object,
        const wire::PropertiesRequest* wanted,
        wire::PropertiesResult& out
    ) {
        out.set_target_collection(schema.name);
        wire::Properties& properties = *out.mutable_non_ref_props();
        if (wanted == nullptr || wanted->return_all_nonref_properties()) {
            write_properties(schema.properties, object.properties, properties);
        } else {
            for (const std::string& name : wanted->non_ref_properties())
                write_property(schema, name, object.properties.if_contains(name), properties);
            for (const wire::ObjectPropertiesRequest& inner : wanted->object_properties()) {
                const json::Value* value = object.properties.if_contains(inner.prop_name());
                if (value == nullptr) continue;
                const json::Value selected = select(inner, *value);
                write_property(schema, inner.prop_name(), &selected, properties);
            }
        }
        if (wanted == nullptr) return Ok{};
        out.set_ref_props_requested(!wanted->ref_properties().empty());
        for (const wire::RefPropertiesRequest& reference : wanted->ref_properties())
            TRY(write_references(object, reference, out));
        return Ok{};
    }

    static void write_property(
        const Schema& schema,
        const std::string& name,
        const json::Value* value,
        wire::Properties& out
    ) {
        if (value == nullptr) {
            (*out.mutable_fields())[name].set_null_value(0);
            return;
        }
        write_value(schema.find(name), *value, (*out.mutable_fields())[name]);
    }

    Status write_references(
        const Object& object, const wire::RefPropertiesRequest& wanted, wire::PropertiesResult& out
    ) {
        const json::Value* value = object.properties.if_contains(wanted.reference_property());
        if (value == nullptr) return Ok{};
        wire::RefPropertiesResult& list = *out.add_ref_props();
        list.set_prop_name(wanted.reference_property());
        for (const Target& target : targets_of(*value)) {
            if (!wanted.target_collection().empty() &&
                wanted.target_collection() != target.class_name)
                continue;
            if (++followed_ > kMaxReferencesFollowed)
                return Error{ErrorCode::too_large, "the query follows too many references"};
            // What a reference led to may be gone.
            const auto collection =
                Classes(services_).open_target(who_, target.class_name, query_.tenant);
            if (!collection) continue;
            auto found = (*collection)->get(who_, target.id, wants_vectors(wanted.metadata()));
            if (!found) continue;
            const Schema schema = (*collection)->schema();
            wire::PropertiesResult& one = *list.add_properties();
            TRY(write_object(
                schema, *found, wanted.has_properties() ? &wanted.properties() : nullptr, one
            ));
            write_metadata(
                schema, {.object = *std::move(found)}, wanted.metadata(), *one.mutable_metadata()
            );
        }
        return Ok{};
    }

    void write_metadata(
        const Schema& schema,
        const SearchHit& hit,
        const wire::MetadataRequest& wanted,
        wire::MetadataResult& out
    ) const {
        const Object& object = hit.object;
        if (wanted.uuid()) out.set_id(object.id.text());
        out.set_id_as_bytes(std::string(text_of_bytes(object.id)));
        if (wanted.creation_time_unix()) {
            out.set_creation_time_unix(object.created_ms);
            out.set_creation_time_unix_present(true);
        }
        if (wanted.last_update_time_unix()) {
            out.set_last_update_time_unix(object.updated_ms);
            out.set_last_update_time_unix_present(true);
        }
        const bool scored =
            query_.kind == Query::Kind::keywords || query_.kind == Query::Kind::hybrid;
        const auto distance = scored ? std::nullopt : hit.distance;
        if (wanted.distance() && distance) {
            out.set_distance(*distance);
            out.set_distance_present(true);
        }
        const auto certainty = certainty_of(schema, query_.search.vector_name, distance);
        if (wanted.certainty() && certainty) {
            out.set_certainty(*certainty);
            out.set_certainty_present(true);
        }
        if (wanted.score()) {
            out.set_score(scored ? hit.score : 0);
            out.set_score_present(true);
        }
        if (wanted.explain_score()) {
            out.set_explain_score(hit.explanation);
            out.set_explain_score_present(true);
        }
        if (wanted.is_consistent()) {
            out.set_is_consistent(true);
            out.set_is_consistent_present(true);
        }
        write_vectors(object, wanted, out);
    }

    static std::string_view text_of_bytes(const Uuid& id) {
        return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
    }

    static void write_vectors(
        const Object& object, const wire::MetadataRequest& wanted, wire::MetadataResult& out
    ) {
        if (wanted.vector() && !object.vector.empty())
            out.set_vector_bytes(write_floats(object.vector));
        for (const auto& [name, vector] : object.vectors) {
            const auto& names = wanted.vectors();
            if (!wanted.vector() && std::ranges::find(names, name) == names.end()) continue;
            wire::Vectors& one = *out.add_vectors();
            one.set_name(name);
            one.set_vector_bytes(write_floats(vector));
            one.set_type(wire::Vectors::VECTOR_TYPE_SINGLE_FP32);
        }
        const auto& names = wanted.vectors();
        if (!wanted.vector() && std::ranges::find(names, "default") != names.end() &&
            !object.vector.empty())
            out.set_vector_bytes(write_floats(object.vector));
    }

    const Services& services_;
    const Principal& who_;
    const wire::SearchRequest& request_;
    const Query& query_;
    const Answer& answer_;
    std::size_t followed_ = 0;
};

}  // namespace

Result<std::string> rpc_search(const Services& services, const RpcCall& call) {
    const Time begun = begin();
    wire::SearchRequest request;
    TRY(parse_message(call.message, request));
    const Classes classes(services);
    const auto schema_of = [&](std::string_view name) -> Result<Schema> {
        TRY_ASSIGN(const auto collection, classes.open(call.principal, name));
        return collection->schema();
    };
    TRY_ASSIGN(const Schema schema, schema_of(request.collection()));
    TRY_ASSIGN(Query query, read_search(request, schema, schema_of));
    query.search.with_vector = wants_vectors(request.metadata());
    query.search.explain = request.metadata().explain_score();
    TRY_ASSIGN(const Answer answer, run(services, call.principal, query, call.client_gone));
    wire::SearchReply reply;
    TRY(Writer(services, call.principal, request, query, answer).write(reply));
    return finish(reply, begun);
}

}  // namespace moat::api::weaviate
