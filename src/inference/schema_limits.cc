#include "inference/schema_limits.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace moat::inference {
namespace {

constexpr std::size_t kMostProperties = 256;
constexpr std::size_t kMostTypes = 16;         // JSON has seven
constexpr std::size_t kMostJoined = 512;       // properties that one allOf may bring together
constexpr std::size_t kLongestRef = 1024;      // bytes
constexpr int kMostHops = 16;                  // from $ref to $ref
constexpr std::size_t kMostDepth = 2048;       // levels, with every $ref followed
constexpr std::size_t kMostVisits = 1024;      // of what a $ref leads to, through alternatives
constexpr std::uint64_t kMostWork = 1U << 27;  // copies of a short name

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, "invalid JSON schema: " + std::move(message)};
}

Error too_complex() {
    return wrong("it is too complex");
}

std::uint64_t work_of(std::uint64_t names, std::uint64_t bytes) {
    return names * names * (names + bytes / 16);
}

// Where a $ref leads, found as llama.cpp finds it (without the escapes of RFC 6901).
const json::Value* target_of(const json::Value& root, std::string_view ref) {
    if (!ref.starts_with("#/")) return nullptr;
    const json::Value* at = &root;
    for (std::size_t begin = 2; at != nullptr && begin <= ref.size();) {
        const std::size_t end = std::min(ref.find('/', begin), ref.size());
        const std::string_view step = ref.substr(begin, end - begin);
        std::size_t index = 0;
        if (at->is_object()) {
            at = at->get_object().if_contains(step);
        } else if (at->is_array() &&
                   std::from_chars(step.data(), step.data() + step.size(), index).ec ==
                       std::errc()) {
            at = index < at->get_array().size() ? &at->get_array()[index] : nullptr;
        } else {
            at = nullptr;
        }
        begin = end + 1;
    }
    return at;
}

class SchemaCheck {
  public:
    explicit SchemaCheck(const json::Value& root) : root_(root) {}

    Status run() {
        TRY(walk(root_, {}));
        for (const std::size_t parts : joins_) {
            if (parts * most_names_ > kMostJoined) return too_complex();
            work_ += work_of(parts * most_names_, parts * most_bytes_);
            if (work_ > kMostWork) return too_complex();
        }
        return check_refs();
    }

  private:
    // What stands above a value.
    struct Above {
        std::uint64_t path_bytes = 0;
        std::uint64_t times = 1;  // how often it is repeated
        std::size_t levels = 1;
    };

    Status walk(const json::Value& value, Above above) {
        work_ += above.times * (1 + above.path_bytes / 16);
        if (work_ > kMostWork) return too_complex();
        most_levels_ = std::max(most_levels_, above.levels++);
        if (const auto* array = value.if_array()) {
            for (const json::Value& item : *array)
                TRY(walk(item, above));
        } else if (const auto* object = value.if_object()) {
            TRY(walk_object(*object, above));
        }
        return Ok{};
    }

    Status walk_object(const json::Object& object, Above above) {
        const json::Value* ref = object.if_contains("$ref");
        if (ref != nullptr && ref->is_string()) TRY(follow(ref->get_string()));
        if (const json::Value* all = object.if_contains("allOf")) joins_.push_back(parts_of(*all));
        const json::Value* type = object.if_contains("type");
        if (const json::Array* types = type == nullptr ? nullptr : type->if_array()) {
            if (types->size() > kMostTypes) return wrong("too many types");
            above.times *= std::max<std::size_t>(types->size(), 1);
        }
        for (const auto& [key, item] : object) {
            if (key == "properties" && item.is_object())
                TRY(count_properties(item.get_object(), above.times));
            TRY(walk(item, {above.path_bytes + key.size(), above.times, above.levels}));
        }
        return Ok{};
    }

    Status count_properties(const json::Object& properties, std::uint64_t times) {
        if (properties.size() > kMostProperties)
            return wrong(fmt::format(
                "an object of {} properties; at most {}", properties.size(), kMostProperties
            ));
        std::uint64_t bytes = 0;
        for (const auto& property : properties)
            bytes += property.key().size();
        most_names_ = std::max<std::size_t>(most_names_, properties.size());
        most_bytes_ = std::max(most_bytes_, bytes);
        work_ += times * std::min(work_of(properties.size(), bytes), kMostWork);
        return work_ > kMostWork ? Status(too_complex()) : Status(Ok{});
    }

    // How many objects an allOf joins at most; alternatives inside count each.
    static std::size_t parts_of(const json::Value& all) {
        std::size_t parts = 0;
        if (!all.is_array()) return parts;
        for (const json::Value& part : all.get_array()) {
            std::size_t alternatives = 1;
            for (const std::string_view key : {"anyOf", "oneOf"})
                if (const json::Array* any = json::find_array(part, key))
                    alternatives = std::max(alternatives, any->size());
            parts += alternatives;
        }
        return parts;
    }

    Status follow(const json::String& ref) {
        // Those of a tool in a list lead nowhere from here: they are meant from its parameters.
        if (target_of(root_, json::view(ref)) != nullptr) refs_.insert(json::view(ref));
        const json::String* at = &ref;
        for (int hops = 0; at != nullptr; ++hops) {
            if (at->size() > kLongestRef) return wrong("a $ref is too long");
            if (hops == kMostHops) return wrong("a $ref leads to itself");
            const json::Value* target = target_of(root_, json::view(*at));
            at = target == nullptr ? nullptr : json::find_string(*target, "$ref");
        }
        return Ok{};
    }

    // What is behind a $ref is read inside what refers to it, and again for every way that leads
    // there through alternatives.
    Status check_refs() {
        if (!refs_.empty() && (refs_.size() + 1) * most_levels_ > kMostDepth) return too_complex();
        for (const std::string_view ref : refs_)
            if (visits_behind(ref) > kMostVisits) return too_complex();
        return Ok{};
    }

    std::size_t visits_behind(std::string_view ref) {
        const json::Value* target = target_of(root_, ref);
        if (target == nullptr) return 1;
        const auto [known, is_new] = visits_.try_emplace(target, 0);
        if (is_new) known->second = visits_in(*target);
        return std::min(1 + known->second, kMostVisits + 1);
    }

    std::size_t visits_in(const json::Value& schema) {
        std::size_t visits = 0;
        if (const json::String* ref = json::find_string(schema, "$ref"))
            visits += visits_behind(json::view(*ref));
        for (const std::string_view key : {"anyOf", "oneOf", "allOf"})
            if (const json::Array* alternatives = json::find_array(schema, key))
                for (const json::Value& one : *alternatives)
                    visits += visits_in(one);
        return std::min(visits, kMostVisits + 1);
    }

    const json::Value& root_;
    std::uint64_t work_ = 0;
    std::vector<std::size_t> joins_;  // parts of each allOf
    std::size_t most_names_ = 0;      // of any object's properties
    std::uint64_t most_bytes_ = 0;
    std::size_t most_levels_ = 0;
    std::set<std::string_view> refs_;
    std::map<const json::Value*, std::size_t> visits_;  // 0 while it is counted
};

}  // namespace

Status check_schema(const json::Value& schema) {
    return SchemaCheck(schema).run();
}

}  // namespace moat::inference
