#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

// SHA-256 (FIPS 180-4) digests, by OpenSSL. Cost: about 1.6 GB/s. Threads: any; a Sha256Stream
// is used by one at a time.
namespace moat {

struct Sha256 {
    std::array<std::byte, 32> bytes{};

    std::string hex() const { return to_hex(bytes); }
    auto operator<=>(const Sha256&) const = default;
};

// 64 hex digits. Errors: invalid_argument.
Result<Sha256> parse_sha256(std::string_view hex);

Sha256 sha256(BytesView data);
// Reads the file in pieces. Errors: not_found, io.
Result<Sha256> sha256_of_file(const std::filesystem::path& path);

class Sha256Stream {
  public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;

    void update(BytesView data);
    // The digest of all updates; the stream is spent.
    Sha256 finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace moat
