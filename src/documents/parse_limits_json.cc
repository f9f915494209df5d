#include "documents/parse_limits_json.h"

namespace moat::documents {

json::Object to_json(const ParseLimits& limits) {
    return {
        {"max_input_bytes", limits.max_input_bytes},
        {"max_text_bytes", limits.max_text_bytes},
        {"max_unpacked_bytes", limits.max_unpacked_bytes},
        {"max_blocks", limits.max_blocks},
        {"max_pages", limits.max_pages},
        {"seconds", limits.seconds},
        {"memory_bytes", limits.memory_bytes},
    };
}

ParseLimits parse_limits_from_json(const json::Value& value) {
    ParseLimits limits;
    const auto read = [&value]<class Number>(std::string_view key, Number& out) {
        out = static_cast<Number>(json::int_or(value, key, static_cast<std::int64_t>(out)));
    };
    read("max_input_bytes", limits.max_input_bytes);
    read("max_text_bytes", limits.max_text_bytes);
    read("max_unpacked_bytes", limits.max_unpacked_bytes);
    read("max_blocks", limits.max_blocks);
    read("max_pages", limits.max_pages);
    read("seconds", limits.seconds);
    read("memory_bytes", limits.memory_bytes);
    return limits;
}

}  // namespace moat::documents
