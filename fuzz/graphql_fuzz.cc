// GraphQL documents: the parser, and the questions in their arguments.
#include <cstdint>
#include <string_view>

#include "api/weaviate/graphql_document.h"
#include "api/weaviate/query_arguments.h"

namespace {

// What the limits promise: no more fields than these, however fragments are put together.
std::size_t count(const std::vector<moat::api::weaviate::GraphqlField>& fields) {
    std::size_t out = fields.size();
    for (const auto& field : fields) {
        (void)moat::api::weaviate::read_query(field.name, field.arguments);  // may well be refused
        out += count(field.fields);
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const moat::json::Object variables{{"v", moat::json::Array{1.5, 2}}, {"n", 3}};
    const auto parsed = moat::api::weaviate::parse_graphql(text, "", variables);
    if (parsed && count(*parsed) > 20'000) __builtin_trap();
    return 0;
}
