#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "api/weaviate/object_json.h"
#include "api/weaviate/services.h"
#include "base/principal.h"
#include "base/result.h"

namespace moat::api::weaviate {

// The classes there are, and what is written to them. Knowledge bases keep their passages in the
// same database; those collections are nobody's class, and are neither listed, opened nor made
// here.
//
// Threads: any; calls block. Borrows: the services.
class Classes {
  public:
    explicit Classes(const Services& services) : services_(services) {}

    std::vector<collections::Schema> list(const Principal& who) const;
    // Errors: not_found.
    Result<std::shared_ptr<collections::Collection>> open(
        const Principal& who, std::string_view name
    ) const;
    // The objects of the class, or of one of its tenants.
    // Errors: not_found; invalid_argument, when a tenant is missing or not wanted.
    Result<std::shared_ptr<collections::Collection>> open(
        const Principal& who, std::string_view name, std::string_view tenant, bool for_write
    ) const;
    // What a reference leads to: of a class with tenants, the one that has the reference.
    Result<std::shared_ptr<collections::Collection>> open_target(
        const Principal& who, std::string_view name, std::string_view tenant
    ) const;
    // Errors: conflict, when it exists.
    Result<std::shared_ptr<collections::Collection>> create(
        const Principal& who, collections::Schema schema
    ) const;
    Status drop(const Principal& who, std::string_view name) const;  // absent is fine
    // Whether a class or an alias may have it. Errors: invalid_argument.
    static Status check_name(std::string_view name);

    // Writes the objects, whatever their classes: unknown classes and properties are made, numbers
    // are fitted to the types of properties, missing vectors are made where the class says so.
    // One status for each; what is wrong with one does not stop the others. Of those with the same
    // id the last is written.
    std::vector<Status> write(
        const Principal& who, std::span<GivenObject> objects, std::stop_token stop
    ) const;
    // Makes one object fit to be written, as above. Adds to the schema.
    Status prepare(
        const Principal& who,
        collections::Collection& collection,
        collections::Object& object,
        std::stop_token stop
    ) const;
    // The class of an object about to be written, made when it is not there.
    Result<std::shared_ptr<collections::Collection>> open_or_create(
        const Principal& who, std::string_view name, std::string_view tenant
    ) const;

  private:
    void write_group(
        const Principal& who,
        std::span<GivenObject> objects,
        std::span<const std::size_t> places,
        std::span<Status> out,
        std::stop_token stop
    ) const;

    const Services services_;
};

// READY, or INDEXING while vectors wait to be brought into their graph.
std::string_view indexing_status(const collections::ShardStatus& shard);

// What some clients cannot send or leave out: whole doubles of integer properties as integers, the
// class in the beacons of a reference that has but one.
void fit_values(const collections::Schema& schema, collections::Object& object);

}  // namespace moat::api::weaviate
