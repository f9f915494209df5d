#include "collections/object_codec.h"

#include <bit>
#include <cstring>

#include "collections/checksum.h"
#include "index/coding.h"

namespace moat::collections {
namespace {

constexpr std::uint8_t kObjectVersion = 1;
constexpr std::uint8_t kVectorVersion = 1;
constexpr int kMaxDepth = 130;

enum class Tag : std::uint8_t { null, no, yes, signed_int, unsigned_int, real, text, list, map };

std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

void put_tag(std::string& out, Tag tag) {
    out.push_back(static_cast<char>(tag));
}

void put_map(std::string& out, const json::Object& object);

void put_value(std::string& out, const json::Value& value) {
    switch (value.kind()) {
        case boost::json::kind::null:
            put_tag(out, Tag::null);
            return;
        case boost::json::kind::bool_:
            put_tag(out, value.get_bool() ? Tag::yes : Tag::no);
            return;
        case boost::json::kind::int64:
            put_tag(out, Tag::signed_int);
            index::put_varint(out, zigzag(value.get_int64()));
            return;
        case boost::json::kind::uint64:
            put_tag(out, Tag::unsigned_int);
            index::put_varint(out, value.get_uint64());
            return;
        case boost::json::kind::double_:
            put_tag(out, Tag::real);
            index::put_fixed(out, value.get_double());
            return;
        case boost::json::kind::string:
            put_tag(out, Tag::text);
            index::put_bytes(out, json::view(value.get_string()));
            return;
        case boost::json::kind::array:
            put_tag(out, Tag::list);
            index::put_varint(out, value.get_array().size());
            for (const json::Value& element : value.get_array())
                put_value(out, element);
            return;
        case boost::json::kind::object:
            put_tag(out, Tag::map);
            put_map(out, value.get_object());
            return;
    }
}

void put_map(std::string& out, const json::Object& object) {
    index::put_varint(out, object.size());
    for (const auto& [key, value] : object) {
        index::put_bytes(out, {key.data(), key.size()});
        put_value(out, value);
    }
}

// Every reader below leaves `reader` failed when the bytes make no sense; the caller asks once.
json::Object read_map(index::Reader& reader, int depth);

json::Array read_list(index::Reader& reader, int depth);

json::Value read_value(index::Reader& reader, int depth) {
    switch (static_cast<Tag>(reader.fixed<std::uint8_t>())) {
        case Tag::null:
            return nullptr;
        case Tag::no:
            return false;
        case Tag::yes:
            return true;
        case Tag::signed_int:
            return unzigzag(reader.varint());
        case Tag::unsigned_int:
            return reader.varint();
        case Tag::real:
            return reader.fixed<double>();
        case Tag::text: {
            const std::string_view text = reader.bytes();
            return json::String(text.data(), text.size());
        }
        case Tag::list:
            return read_list(reader, depth + 1);
        case Tag::map:
            return read_map(reader, depth + 1);
    }
    reader.take(reader.rest().size() + 1);
    return nullptr;
}

json::Array read_list(index::Reader& reader, int depth) {
    json::Array list;
    const std::uint64_t size = reader.varint();
    if (depth > kMaxDepth || size > reader.rest().size()) {
        reader.take(reader.rest().size() + 1);
        return list;
    }
    list.reserve(size);
    for (std::uint64_t i = 0; i < size && reader.ok(); ++i) {
        list.push_back(read_value(reader, depth));
    }
    return list;
}

json::Object read_map(index::Reader& reader, int depth) {
    json::Object map;
    const std::uint64_t size = reader.varint();
    if (depth > kMaxDepth || size > reader.rest().size()) {
        reader.take(reader.rest().size() + 1);
        return map;
    }
    for (std::uint64_t i = 0; i < size && reader.ok(); ++i) {
        const std::string_view key = reader.bytes();
        map[boost::json::string_view(key.data(), key.size())] = read_value(reader, depth);
    }
    return map;
}

}  // namespace

std::string encode_properties(const json::Object& properties) {
    std::string bytes;
    put_map(bytes, properties);
    return bytes;
}

Result<json::Object> decode_properties(std::string_view bytes) {
    index::Reader reader(bytes);
    json::Object properties = read_map(reader, 0);
    if (reader.ok() && reader.at_end()) return properties;
    return Error{ErrorCode::corrupt, "stored properties do not hold together"};
}

std::string encode_object(
    const Uuid& id, std::int64_t created_ms, std::int64_t updated_ms, std::string_view properties
) {
    std::string payload;
    payload.reserve(properties.size() + 40);
    payload.append(text_of(id.bytes));
    index::put_varint(payload, zigzag(created_ms));
    index::put_varint(payload, zigzag(updated_ms));
    payload.append(properties);
    return seal_bytes(kObjectVersion, payload);
}

Result<Uuid> decode_id(std::string_view bytes) {
    TRY_ASSIGN(const std::string_view payload, unseal_bytes(kObjectVersion, bytes, "an object"));
    Uuid id;
    if (payload.size() < id.bytes.size()) {
        return Error{ErrorCode::corrupt, "a stored object does not hold together"};
    }
    std::memcpy(id.bytes.data(), payload.data(), id.bytes.size());
    return id;
}

Result<Object> decode_object(std::string_view bytes) {
    TRY_ASSIGN(const std::string_view payload, unseal_bytes(kObjectVersion, bytes, "an object"));
    index::Reader reader(payload);
    Object object;
    const std::string_view id = reader.take(object.id.bytes.size());
    if (reader.ok()) std::memcpy(object.id.bytes.data(), id.data(), id.size());
    object.created_ms = unzigzag(reader.varint());
    object.updated_ms = unzigzag(reader.varint());
    object.properties = read_map(reader, 0);
    if (!reader.ok() || !reader.at_end()) {
        return Error{ErrorCode::corrupt, "a stored object does not hold together"};
    }
    return object;
}

std::string encode_vector(std::span<const float> vector) {
    static_assert(std::endian::native == std::endian::little);
    return seal_bytes(kVectorVersion, text_of(std::as_bytes(vector)));
}

Result<std::vector<float>> decode_vector(std::string_view bytes) {
    TRY_ASSIGN(const std::string_view payload, unseal_bytes(kVectorVersion, bytes, "a vector"));
    if (payload.empty() || payload.size() % sizeof(float) != 0) {
        return Error{
            ErrorCode::corrupt, "a stored vector is empty or has no whole number of values"
        };
    }
    std::vector<float> vector(payload.size() / sizeof(float));
    std::memcpy(vector.data(), payload.data(), payload.size());
    return vector;
}

}  // namespace moat::collections
