#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// Typed reading of a JSON object as Go's encoding/json fills a struct: keys match without case, the
// last match wins, null leaves the field alone, unknown keys are ignored; the first field of the
// wrong type is the error of the whole ("json: cannot unmarshal string into Go struct field
// GenerateRequest.stream of type bool"). Threads: one at a time.
namespace moat::api {

// Remembers the first mistake of a decoding.
class GoDecoding {
  public:
    void fail(Error error) {
        if (!error_) error_ = std::move(error);
    }
    Status status() const { return error_ ? Status(*error_) : Status(Ok{}); }

  private:
    std::optional<Error> error_;
};

// How Go names what a JSON text holds, for messages: "string", "number 1.5", "object".
std::string go_kind(const json::Value& value, bool with_number);

class GoStruct {
  public:
    // The root of a request. `type` as Go names it: "api.GenerateRequest".
    GoStruct(GoDecoding& decoding, const json::Value& value, std::string type);

    // nullptr when absent or null. The value is borrowed.
    const json::Value* find(std::string_view key) const;

    void read(std::string_view key, std::string& out);
    void read(std::string_view key, bool& out);
    void read(std::string_view key, std::optional<bool>& out);
    void read(std::string_view key, int& out);
    void read(std::string_view key, std::optional<int>& out);
    void read(std::string_view key, double& out);
    void read(std::string_view key, std::optional<double>& out);
    void read(std::string_view key, std::optional<std::string>& out);
    void read(std::string_view key, std::vector<std::string>& out);
    void read(std::string_view key, std::vector<std::int32_t>& out);
    // "map[string]interface {}"
    void read(std::string_view key, json::Object& out);
    // Structs inside; nothing when absent. `type` as above.
    std::optional<GoStruct> child(std::string_view key, std::string type);
    std::vector<GoStruct> children(std::string_view key, const std::string& type);

    // A mistake of this field in other words.
    void fail(std::string message) {
        decoding_.fail({ErrorCode::invalid_argument, std::move(message)});
    }
    // This field is not what it should be.
    void fail_type(std::string_view key, const json::Value& value, std::string_view type);

  private:
    GoStruct(GoDecoding& decoding, const json::Value& value, std::string type, std::string path)
        : decoding_(decoding), value_(value), type_(std::move(type)), path_(std::move(path)) {}
    std::string path_to(std::string_view key) const;

    GoDecoding& decoding_;
    const json::Value& value_;
    std::string type_;
    std::string path_;  // of this struct below the root; empty for the root
};

}  // namespace moat::api
