#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

// config.json of a published model: numbers by name, each checked for its range. Of a model that
// also sees, the part about text. Threads: any (a value).
namespace moat::models {

class PublishedConfig {
  public:
    // Errors: invalid_argument when it names no architecture.
    static Result<PublishedConfig> read(const json::Value& config);

    const std::string& architecture() const { return architecture_; }  // "LlamaForCausalLM"
    const json::Value& values() const { return values_; }

    // A count of things, 1 to 2^31 - 1. Errors: invalid_argument when absent or anything else.
    Result<std::uint32_t> count(std::string_view key) const;
    // The fallback also where the file says null.
    Result<std::uint32_t> count_or(std::string_view key, std::uint32_t fallback) const;
    Result<std::optional<std::uint32_t>> optional_count(std::string_view key) const;
    // A finite number. Errors: invalid_argument.
    Result<float> number_or(std::string_view key, float fallback) const;
    Result<std::optional<float>> optional_number(std::string_view key) const;
    std::string text_or(std::string_view key, std::string_view fallback) const;
    bool flag_or(std::string_view key, bool fallback) const;

    // The same within a part of the file.
    PublishedConfig part(const json::Value& values) const {
        return PublishedConfig(architecture_, values);
    }

  private:
    PublishedConfig(std::string architecture, json::Value values)
        : architecture_(std::move(architecture)), values_(std::move(values)) {}

    std::string architecture_;
    json::Value values_;
};

}  // namespace moat::models
