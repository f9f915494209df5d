#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

// The names of Weaviate's protocol. Threads: any (pure).
namespace moat::api::weaviate {

inline constexpr std::string_view kVersion = "1.30.0";  // chooses the clients' code paths
inline constexpr std::string_view kNode = "moat";       // the only one, and its shard of each class
inline constexpr std::size_t kMaxMessageBytes = 104'858'000;

// The first letter in upper case, as the clients write it. Errors: invalid_argument, for a name
// that is no letter followed by letters, digits and underscores.
Result<std::string> class_name(std::string_view text);
// The first letter in lower case.
std::string property_name(std::string_view text);

// An object's address. "weaviate://localhost/Doc/uuid"; the class may be absent in old ones.
struct Beacon {
    std::string class_name;  // may be empty
    Uuid id;
};
Result<Beacon> parse_beacon(std::string_view text);
std::string to_text(const Beacon& beacon);

// A member of an object, found as Go's decoder finds it: exactly, else without regard to case.
// nullptr when `value` is no object, lacks it, or it is null. The value is borrowed.
const json::Value* member(const json::Object& object, std::string_view key);
const json::Value* member(const json::Value& value, std::string_view key);

// What a member holds, or the fallback when it is absent or of another type.
std::string text_of(const json::Value* value, std::string_view fallback);
bool flag_of(const json::Value* value, bool fallback);
double number_of(const json::Value* value, double fallback);
// `From`: an object, or a value that may be one.
template <class From>
std::string text_or(const From& from, std::string_view key, std::string_view fallback) {
    return text_of(member(from, key), fallback);
}
template <class From>
bool flag_or(const From& from, std::string_view key, bool fallback) {
    return flag_of(member(from, key), fallback);
}
template <class From>
double number_or(const From& from, std::string_view key, double fallback) {
    return number_of(member(from, key), fallback);
}
// Errors: invalid_argument, naming the member, when it is there and no whole number from 0 on.
Result<std::size_t> count_or(const json::Value& value, std::string_view key, std::size_t fallback);
// The texts of a list; one text counts as a list. Others are left out.
std::vector<std::string> texts_of(const json::Value* value);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace moat::api::weaviate
