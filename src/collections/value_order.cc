#include "collections/value_order.h"

#include <compare>

namespace moat::collections {
namespace {

const json::Value* first_of(const json::Value& value) {
    if (value.is_null()) return nullptr;
    if (!value.is_array()) return &value;
    return value.get_array().empty() ? nullptr : &value.get_array().front();
}

int sign_of(std::partial_ordering order) {
    if (order < 0) return -1;
    return order > 0 ? 1 : 0;
}

int compare_scalars(const json::Value& a, const json::Value& b) {
    if (a.is_int64() && b.is_int64()) return sign_of(a.get_int64() <=> b.get_int64());
    if (a.is_number() && b.is_number()) {
        return sign_of(a.to_number<double>() <=> b.to_number<double>());
    }
    if (a.is_bool() && b.is_bool()) return sign_of(a.get_bool() <=> b.get_bool());
    if (a.is_string() && b.is_string()) {
        return json::view(a.get_string()).compare(json::view(b.get_string()));
    }
    return 0;
}

}  // namespace

int compare_values(const json::Value& a, const json::Value& b, bool descending) {
    const json::Value* first = first_of(a);
    const json::Value* second = first_of(b);
    if (first == nullptr || second == nullptr) {
        return static_cast<int>(first == nullptr) - static_cast<int>(second == nullptr);
    }
    const int order = compare_scalars(*first, *second);
    return descending ? -order : order;
}

}  // namespace moat::collections
