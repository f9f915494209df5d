// Messages of Weaviate's gRPC: searches, counts, objects, from bytes.
#include <cstdint>
#include <string_view>

#include "api/weaviate/rpc_message.h"
#include "api/weaviate/rpc_query.h"
#include "api/weaviate/rpc_values.h"

namespace protocol = moat::api::weaviate;
namespace wire = protocol::wire;

namespace {

moat::collections::Schema schema_with_references() {
    moat::collections::Schema schema;
    schema.name = "Doc";
    schema.properties.push_back(
        {.name = "to", .type = moat::collections::DataType::reference, .targets = {"Doc"}}
    );
    return schema;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto schema_of = [](std::string_view) -> moat::Result<moat::collections::Schema> {
        return schema_with_references();
    };
    wire::SearchRequest search;
    if (protocol::parse_message(bytes, search)) {
        const auto query = protocol::read_search(search, schema_with_references(), schema_of);
        if (query && query->search.limit == 0) __builtin_trap();
    }
    wire::BatchObjectsRequest batch;
    if (!protocol::parse_message(bytes, batch)) return 0;
    for (const wire::BatchObject& object : batch.objects()) {
        const auto given = protocol::read_object(object);
        if (!given) continue;
        wire::Properties out;
        protocol::write_properties({}, given->object.properties, out);
    }
    return 0;
}
