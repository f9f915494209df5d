#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "models/gguf_file.h"

// The walk through one GGUF head; used by read_gguf() only.
namespace moat::models {

class GgufReader {
  public:
    GgufReader(const RandomAccess& bytes, const GgufReadOptions& options);
    Result<GgufFile> read();

  private:
    enum class Type : std::uint32_t;

    Status read_header(std::uint64_t& tensor_count, std::uint64_t& entry_count);
    Result<GgufEntry> read_entry();
    Result<json::Value> read_value(Type type);
    Result<json::Value> read_array(std::uint64_t& length);
    Status skip_values(Type type, std::uint64_t count);
    Result<GgufTensor> read_tensor();
    Status place_tensors();

    Status take(std::span<std::byte> out);
    Status skip(std::uint64_t count);
    Result<std::string> take_string();
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Result<T> take_number();

    Error truncated() const;
    Error damaged(const std::string& what) const;
    std::uint64_t left() const { return bytes_.size() - position_; }

    const RandomAccess& bytes_;
    const GgufReadOptions& options_;
    GgufFile file_;
    std::uint64_t position_ = 0;
    std::string doing_ = "its header";  // what would be cut short, for messages
    std::vector<std::byte> window_;     // bytes read ahead
    std::uint64_t window_start_ = 0;
};

}  // namespace moat::models
