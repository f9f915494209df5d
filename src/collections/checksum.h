#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

// XXH3-64 in front of stored bytes, so that a flipped bit is found and not believed.
namespace moat::collections {

std::uint64_t checksum_of(std::string_view bytes);

// The same over bytes that come in pieces.
class ChecksumStream {
  public:
    ChecksumStream();
    ~ChecksumStream();
    ChecksumStream(const ChecksumStream&) = delete;
    ChecksumStream& operator=(const ChecksumStream&) = delete;

    void update(std::string_view bytes);
    std::uint64_t value() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// `version`, checksum of version and payload, payload.
std::string seal_bytes(std::uint8_t version, std::string_view payload);

struct Unsealed {
    std::uint8_t version = 0;
    std::string_view payload;
};

// Sealed bytes of any version up to `latest`. Errors: as of unseal_bytes().
Result<Unsealed> unseal_up_to(std::uint8_t latest, std::string_view sealed, std::string_view what);

// The payload of sealed bytes. Errors: corrupt (checksum), unsupported (another version), both
// naming `what`.
Result<std::string_view> unseal_bytes(
    std::uint8_t version, std::string_view sealed, std::string_view what
);

}  // namespace moat::collections
