#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

// The files a model was published as, by their names within its folder; each may lie anywhere, as
// blobs do. Threads: any; const methods block on the disk.
namespace moat::models {

class ModelFolder {
  public:
    // Name within the folder ("1_Pooling/config.json") and where its bytes are. A folder that all
    // names share is taken off them.
    explicit ModelFolder(std::vector<std::pair<std::string, std::filesystem::path>> files);

    // nullptr when there is no such file.
    const std::filesystem::path* find(std::string_view name) const;

    // Nothing when there is no such file. Errors: too_large, io; json(): invalid_argument when it
    // is no JSON object.
    Result<std::optional<std::string>> text(std::string_view name) const;
    Result<std::optional<json::Value>> json(std::string_view name) const;
    // An absent file is an empty object.
    Result<json::Value> json_or_empty(std::string_view name) const;

    // model.safetensors, or the parts that model.safetensors.index.json names, or
    // model*.safetensors. Errors: not_found, invalid_argument (a part is missing, with its name).
    Result<std::vector<std::string>> weight_files() const;

  private:
    Result<std::vector<std::string>> indexed_files(const json::Value& index) const;

    std::map<std::string, std::filesystem::path, std::less<>> files_;
};

}  // namespace moat::models
