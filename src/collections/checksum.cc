#include "collections/checksum.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "index/coding.h"

namespace moat::collections {

std::uint64_t checksum_of(std::string_view bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

struct ChecksumStream::State {
    XXH3_state_t xxh3;
};

ChecksumStream::ChecksumStream() : state_(std::make_unique<State>()) {
    XXH3_64bits_reset(&state_->xxh3);
}
ChecksumStream::~ChecksumStream() = default;

void ChecksumStream::update(std::string_view bytes) {
    XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size());
}

std::uint64_t ChecksumStream::value() const {
    return XXH3_64bits_digest(&state_->xxh3);
}

std::string seal_bytes(std::uint8_t version, std::string_view payload) {
    std::string sealed;
    sealed.reserve(payload.size() + 9);
    sealed.push_back(static_cast<char>(version));
    index::put_fixed(sealed, XXH3_64bits_withSeed(payload.data(), payload.size(), version));
    sealed.append(payload);
    return sealed;
}

Result<Unsealed> unseal_up_to(std::uint8_t latest, std::string_view sealed, std::string_view what) {
    index::Reader reader(sealed);
    const auto found = reader.fixed<std::uint8_t>();
    const auto checksum = reader.fixed<std::uint64_t>();
    const std::string_view payload = reader.rest();
    if (!reader.ok() || checksum != XXH3_64bits_withSeed(payload.data(), payload.size(), found)) {
        return Error{ErrorCode::corrupt, fmt::format("{} is damaged (checksum)", what)};
    }
    if (found == 0 || found > latest) {
        return Error{
            ErrorCode::unsupported,
            fmt::format("{} has format version {}; this build reads {}", what, found, latest)
        };
    }
    return Unsealed{found, payload};
}

Result<std::string_view> unseal_bytes(
    std::uint8_t version, std::string_view sealed, std::string_view what
) {
    TRY_ASSIGN(const Unsealed unsealed, unseal_up_to(version, sealed, what));
    if (unsealed.version == version) return unsealed.payload;
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "{} has format version {}; this build reads {}", what, unsealed.version, version
        )
    };
}

}  // namespace moat::collections
