#pragma once

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "http/router.h"

// What an OpenAPI file says of routes, for tests that compare. Threads: any.
namespace moat::http {

// Its lines "  /path:" and "    method:", as METHOD /path, sorted; empty when it cannot be read.
inline std::vector<std::string> described_routes(const std::string& path_of_file) {
    std::vector<std::string> routes;
    std::ifstream file(path_of_file);
    std::string path;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("  /") && line.ends_with(':'))
            path = line.substr(2, line.size() - 3);
        else if (!line.starts_with(' '))
            path.clear();
        for (const std::string method : {"get", "head", "post", "put", "patch", "delete"}) {
            if (path.empty() || line != "    " + method + ":") continue;
            std::string upper = method;
            std::ranges::transform(upper, upper.begin(), [](char c) {
                return static_cast<char>(c - 'a' + 'A');
            });
            routes.push_back(upper + " " + path);
        }
    }
    std::ranges::sort(routes);
    return routes;
}

// The same of routes there are.
inline std::vector<std::string> names_of(const std::vector<Route>& given) {
    std::vector<std::string> routes;
    for (const Route& route : given)
        routes.push_back(route.method + " " + route.path);
    std::ranges::sort(routes);
    return routes;
}

}  // namespace moat::http
