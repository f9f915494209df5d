#include "base/md5.h"

#include <openssl/evp.h>

namespace moat {

struct Md5Stream::Context {
    EVP_MD_CTX* evp = EVP_MD_CTX_new();
    Context() { CHECK(evp != nullptr && EVP_DigestInit_ex(evp, EVP_md5(), nullptr) == 1); }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
};

Md5Stream::Md5Stream() : context_(std::make_unique<Context>()) {}
Md5Stream::~Md5Stream() = default;
Md5Stream::Md5Stream(Md5Stream&&) noexcept = default;
Md5Stream& Md5Stream::operator=(Md5Stream&&) noexcept = default;

void Md5Stream::update(BytesView data) {
    CHECK(EVP_DigestUpdate(context_->evp, data.data(), data.size()) == 1);
}

std::array<std::byte, 16> Md5Stream::finish() {
    std::array<std::byte, 16> digest{};
    auto* out = reinterpret_cast<unsigned char*>(digest.data());
    CHECK(EVP_DigestFinal_ex(context_->evp, out, nullptr) == 1);
    return digest;
}

}  // namespace moat
