#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

// [scheme://][host/][namespace/]model[:tag], as Ollama reads it: defaults registry.ollama.ai,
// library, latest. Every part starts with a letter, a digit or '_'. After that
//   host       up to 350 of letters, digits, '.', ':', '-', '_'
//   namespace  up to 80 of letters, digits, '-', '_'
//   model, tag up to 80 of letters, digits, '.', '-', '_'
// so that no part can climb out of a directory. Parts are compared without case, their case is
// kept. Threads: any (a value).
namespace moat::models {

inline constexpr std::string_view kDefaultHost = "registry.ollama.ai";
inline constexpr std::string_view kDefaultNamespace = "library";
inline constexpr std::string_view kDefaultTag = "latest";

struct ModelName {
    std::string host;
    std::string name_space;
    std::string model;
    std::string tag;

    // Shortest form people use: default host and namespace dropped, the tag always kept.
    std::string display() const;
    // <host>/<namespace>/<model>/<tag>, below manifests/.
    std::filesystem::path manifest_path() const;
};

// Errors: invalid_argument "invalid model name".
Result<ModelName> parse_model_name(std::string_view text);

// What Ollama lets stand behind a name: where the model runs.
struct ModelOrigin {
    std::string_view name;  // without ":local"
    bool local = false;
    bool cloud = false;  // at the vendor, as tags such as "120b-cloud" are too
};
// Errors: invalid_argument (both).
Result<ModelOrigin> model_origin(std::string_view text);

// ASCII letters in lower case; everything else as it is.
std::string ascii_lower(std::string_view text);
bool equal_without_case(std::string_view a, std::string_view b);
bool same_model(const ModelName& a, const ModelName& b);

}  // namespace moat::models
