// Bodies of Weaviate's REST: classes, objects, conditions. A class that is taken is told and taken
// again as the same.
#include <cstdint>
#include <string_view>

#include "api/weaviate/class_json.h"
#include "api/weaviate/object_json.h"
#include "api/weaviate/where.h"

namespace weaviate = moat::api::weaviate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto body = moat::json::read({reinterpret_cast<const char*>(data), size});
    if (!body) return 0;
    (void)weaviate::read_where(*body);  // may well be refused
    if (const auto object = weaviate::read_object(*body);
        object && (object->class_name.empty() || object->class_name.front() > 'Z'))
        __builtin_trap();
    const auto schema = weaviate::read_class(*body);
    if (!schema) return 0;
    const moat::json::Object told = weaviate::class_json(*schema);
    const auto again = weaviate::read_class(told);
    if (!again || moat::json::write(weaviate::class_json(*again)) != moat::json::write(told))
        __builtin_trap();
    return 0;
}
