#include "collections/keys.h"

#include "base/bytes.h"
#include "base/check.h"

namespace moat::collections {
namespace {

constexpr std::string_view kZero("\0\xFF", 2);  // a zero inside a term
constexpr std::string_view kEnd("\0\x01", 2);   // sorts before any continuation

void append_escaped(std::string& out, std::string_view term) {
    for (const char c : term) {
        if (c == '\0') {
            out.append(kZero);
        } else {
            out.push_back(c);
        }
    }
}

}  // namespace

void put_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;)
        out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t big_endian_of(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes)
        value = (value << 8) | static_cast<std::uint8_t>(c);
    return value;
}

std::string end_of_prefix(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && end.back() == '\xFF')
        end.pop_back();
    CHECK(!end.empty());
    end.back() = static_cast<char>(static_cast<std::uint8_t>(end.back()) + 1);
    return end;
}

std::string collection_prefix(CollectionNumber collection) {
    std::string key;
    put_big_endian(key, collection, 4);
    return key;
}

std::string id_key(CollectionNumber collection, const Uuid& id) {
    return collection_prefix(collection) + std::string(text_of(id.bytes));
}

std::string row_key(CollectionNumber collection, Row row) {
    std::string key = collection_prefix(collection);
    put_big_endian(key, row, 4);
    return key;
}

std::string vector_key(CollectionNumber collection, Row row, VectorSlot slot) {
    std::string key = row_key(collection, row);
    if (slot != 0) put_big_endian(key, slot, 2);
    return key;
}

std::string log_key(CollectionNumber collection, std::uint64_t sequence) {
    std::string key = collection_prefix(collection);
    put_big_endian(key, sequence, 8);
    return key;
}

std::string term_name(PropertyNumber property, std::string_view term) {
    std::string name = term_prefix(property, term);
    name.append(kEnd);
    return name;
}

std::string term_prefix(PropertyNumber property, std::string_view start) {
    std::string prefix;
    put_big_endian(prefix, property, 2);
    append_escaped(prefix, start);
    return prefix;
}

std::string_view property_part(std::string_view name) {
    return name.substr(0, 2);
}

std::string term_of(std::string_view name) {
    std::string term;
    for (std::size_t i = 2; i < name.size(); ++i) {
        if (name[i] != '\0') {
            term.push_back(name[i]);
            continue;
        }
        if (i + 1 >= name.size() || name[i + 1] != kZero[1]) break;
        term.push_back('\0');
        ++i;
    }
    return term;
}

std::string term_key(CollectionNumber collection, std::string_view name, Row segment) {
    std::string key = collection_prefix(collection);
    key.append(name);
    put_big_endian(key, segment, 4);
    return key;
}

std::string column_key(CollectionNumber collection, PropertyNumber property, Row segment) {
    std::string key = collection_prefix(collection);
    put_big_endian(key, property, 2);
    put_big_endian(key, segment, 4);
    return key;
}

}  // namespace moat::collections
