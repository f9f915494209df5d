#include "base/sha256.h"

#include <cerrno>
#include <fstream>

#include <openssl/evp.h>

namespace moat {

struct Sha256Stream::Context {
    EVP_MD_CTX* evp = EVP_MD_CTX_new();
    Context() { CHECK(evp != nullptr && EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) == 1); }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(BytesView data) {
    CHECK(EVP_DigestUpdate(context_->evp, data.data(), data.size()) == 1);
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    auto* out = reinterpret_cast<unsigned char*>(digest.bytes.data());
    CHECK(EVP_DigestFinal_ex(context_->evp, out, nullptr) == 1);
    return digest;
}

Result<Sha256> parse_sha256(std::string_view hex) {
    const auto bytes = from_hex(hex);
    if (!bytes || bytes->size() != 32) {
        return Error{ErrorCode::invalid_argument, "a SHA-256 digest is 64 hex digits"};
    }
    Sha256 digest;
    std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
    return digest;
}

Sha256 sha256(BytesView data) {
    Sha256Stream stream;
    stream.update(data);
    return stream.finish();
}

Result<Sha256> sha256_of_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        const auto code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
        return Error{code, "cannot open " + path.filename().string()};
    }
    Sha256Stream stream;
    std::vector<char> buffer(1 << 20);
    while (file) {
        file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        stream.update(
            std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(file.gcount())))
        );
    }
    if (file.bad()) return Error{ErrorCode::io, "cannot read " + path.filename().string()};
    return stream.finish();
}

}  // namespace moat
