#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/api_client.h"

namespace moat::cli {

// Weaviate's REST and GraphQL, as a server of that name or a Moat speaks them: what moving from one
// to the other takes. Threads: one at a time. Borrows the client. Errors: those of ApiClient, and
// corrupt for an answer that is none.
class WeaviateApi {
  public:
    explicit WeaviateApi(ApiClient& api) : api_(api) {}

    struct Tenant {
        std::string name;
        bool active = true;
    };
    // The objects of a class, or of one of its tenants.
    struct Part {
        std::string class_name;
        std::string tenant = {};  // empty: the class has none
    };
    struct Alias {
        std::string name;
        std::string class_name;
    };

    Result<std::string> version();
    Result<std::vector<json::Object>> classes();
    Status create_class(const json::Object& definition);
    // Empty where the server is too old for them.
    Result<std::vector<Alias>> aliases();
    Status create_alias(const Alias& alias);
    Result<std::vector<Tenant>> tenants(const std::string& class_name);
    Status add_tenants(const std::string& class_name, const std::vector<Tenant>& tenants);

    Result<std::uint64_t> count(const Part& part);
    // The next objects after an id, in the order of ids, with their vectors; none at the end.
    // Empty `after`: from the beginning.
    Result<std::vector<json::Object>> page(const Part& part, const std::string& after);
    // Writes objects as page() gave them. One text for each: what is wrong with it, or nothing.
    Result<std::vector<std::string>> write(const Part& part, std::vector<json::Object> objects);

  private:
    Result<std::vector<json::Object>> object_without_predecessor(const Part& part);

    ApiClient& api_;
};

}  // namespace moat::cli
