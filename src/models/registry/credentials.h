#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moat::models {

// What one registry gets to see; empty fields are not used. Never logged.
struct Credential {
    std::string user;
    std::string password;
    std::string token;  // sent as a bearer token
};

// Credentials of private registries by host, in the form of Docker's config.json:
//   {"auths": {"registry.example": {"auth": "<base64 of user:password>"},
//              "other.example:5000": {"username": "...", "password": "..."},
//              "hf.co": {"registrytoken": "..."}}}
//
// Threads: any (a value).
class Credentials {
  public:
    // Errors: corrupt, naming the host whose entry is wrong, never its content.
    static Result<Credentials> parse(std::string_view json_text);
    // Those of the file; none when there is no such file. Errors: those of parse(), io.
    static Result<Credentials> read(const std::filesystem::path& file);

    // nullptr when there are none for `host` (host[:port], without case).
    const Credential* find(std::string_view host) const;

  private:
    std::map<std::string, Credential, std::less<>> by_host_;
};

}  // namespace moat::models
