#pragma once

#include <string>

#include "api/weaviate/names.h"
#include "api/weaviate/services.h"
#include "base/principal.h"
#include "base/result.h"

namespace moat::api::weaviate {

// One reference from a property of an object to another object.
struct Reference {
    std::string from_class;
    Uuid from;
    std::string property;
    std::string tenant;
    Beacon to;  // without a class where the property has but one target
};

// Adds it to those that are there. Threads: any; blocks.
// Errors: not_found (class or object), invalid_argument (the property).
Status add_reference(const Services& services, const Principal& who, const Reference& reference);

}  // namespace moat::api::weaviate
