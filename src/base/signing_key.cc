#include "base/signing_key.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/file.h"

namespace moat {
namespace {

constexpr std::string_view kMagic{"openssh-key-v1\0", 15};
constexpr std::string_view kKind = "ssh-ed25519";
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::size_t kMaxFileBytes = 16384;

using EvpKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

const unsigned char* raw(BytesView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

EvpKey evp_key(BytesView seed) {
    EvpKey key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()),
        &EVP_PKEY_free
    );
    CHECK(key != nullptr, "OpenSSL takes no Ed25519 key");
    return key;
}

std::array<std::byte, 32> public_half(BytesView seed) {
    std::array<std::byte, 32> out{};
    std::size_t size = out.size();
    const EvpKey key = evp_key(seed);
    auto* place = reinterpret_cast<unsigned char*>(out.data());
    CHECK(EVP_PKEY_get_raw_public_key(key.get(), place, &size) == 1 && size == out.size());
    return out;
}

// SSH's binary form (RFC 4251, section 5): numbers big-endian, strings after their length.
void put_number(std::string& out, std::uint32_t number) {
    for (const int shift : {24, 16, 8, 0})
        out += static_cast<char>(number >> shift & 0xFFU);
}

void put_string(std::string& out, std::string_view text) {
    put_number(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::optional<std::uint32_t> number() {
        if (text_.size() < 4) return std::nullopt;
        std::uint32_t out = 0;
        for (const char c : text_.substr(0, 4))
            out = out << 8 | static_cast<unsigned char>(c);
        text_.remove_prefix(4);
        return out;
    }
    std::optional<std::string_view> string() {
        const auto size = number();
        if (!size || *size > text_.size()) return std::nullopt;
        const auto out = text_.substr(0, *size);
        text_.remove_prefix(*size);
        return out;
    }
    bool skip(std::string_view prefix) {
        if (!text_.starts_with(prefix)) return false;
        text_.remove_prefix(prefix.size());
        return true;
    }

  private:
    std::string_view text_;
};

Error damaged() {
    return Error{ErrorCode::corrupt, "the key file is no OpenSSH private key"};
}

// What stands between the two marks, decoded.
Result<Bytes> unarmoured(std::string_view text) {
    const auto begin = text.find(kBegin);
    const auto end = text.find(kEnd);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
        return damaged();
    std::string base64;
    for (const char c : text.substr(begin + kBegin.size(), end - begin - kBegin.size()))
        if (c != '\n' && c != '\r') base64 += c;
    auto bytes = from_base64(base64);
    if (!bytes) return damaged();
    return bytes;
}

}  // namespace

SigningKey SigningKey::of_seed(const Seed& seed) {
    SigningKey key;
    key.seed_ = seed;
    key.public_ = public_half(seed);
    return key;
}

SigningKey SigningKey::generate() {
    Seed seed{};
    auto* place = reinterpret_cast<unsigned char*>(seed.data());
    CHECK(RAND_priv_bytes(place, static_cast<int>(seed.size())) == 1);
    return of_seed(seed);
}

Result<SigningKey> SigningKey::parse(std::string_view openssh_text) {
    TRY_ASSIGN(const Bytes bytes, unarmoured(openssh_text));
    Reader in(text_of(bytes));
    if (!in.skip(kMagic)) return damaged();
    const auto cipher = in.string();
    const auto derivation = in.string();
    const auto derivation_options = in.string();
    const auto count = in.number();
    const auto public_part = in.string();
    const auto secret_part = in.string();
    if (!cipher || !derivation || !derivation_options || !count || !public_part || !secret_part)
        return damaged();
    if (*cipher != "none")
        return Error{ErrorCode::unsupported, "the key file is protected by a passphrase"};

    Reader secret(*secret_part);
    const auto check = secret.number();
    if (!check || check != secret.number()) return damaged();
    const auto kind = secret.string();
    if (kind && *kind != kKind) return Error{ErrorCode::unsupported, "the key is no Ed25519 key"};
    (void)secret.string();  // the public half, which the secret one makes anew
    const auto both = secret.string();
    if (!both || both->size() != 64) return damaged();
    Seed seed{};
    std::ranges::copy(bytes_of(both->substr(0, 32)), seed.begin());
    SigningKey key = of_seed(seed);
    if (text_of(key.public_) != both->substr(32)) return damaged();
    return key;
}

Result<SigningKey> SigningKey::open_or_make(const std::filesystem::path& path) {
    const auto text = read_file(path, kMaxFileBytes);
    if (text) return parse(*text);
    if (text.error().code != ErrorCode::not_found) return text.error();
    const SigningKey key = generate();
    TRY(make_directories(path.parent_path()));
    TRY(write_file_atomically(path, bytes_of(key.openssh_text())));  // with mode 0600
    auto public_path = path;
    public_path += ".pub";
    TRY(write_file_atomically(
        public_path, bytes_of(std::string(kKind) + " " + key.public_key() + "\n")
    ));
    return key;
}

std::string SigningKey::openssh_text() const {
    std::string public_part;
    put_string(public_part, kKind);
    put_string(public_part, text_of(public_));

    std::string secret;
    // Twice the same number: with a passphrase it would tell a wrong one.
    const std::uint32_t check = std::random_device{}();
    put_number(secret, check);
    put_number(secret, check);
    secret += public_part;
    put_string(secret, std::string(text_of(seed_)) + std::string(text_of(public_)));
    put_string(secret, "");  // no comment
    for (char pad = 1; secret.size() % 8 != 0; ++pad)
        secret += pad;

    std::string whole(kMagic);
    put_string(whole, "none");
    put_string(whole, "none");
    put_string(whole, "");
    put_number(whole, 1);
    put_string(whole, public_part);
    put_string(whole, secret);

    std::string out(kBegin);
    const std::string base64 = to_base64(bytes_of(whole));
    for (std::size_t i = 0; i < base64.size(); i += 70)
        out += "\n" + base64.substr(i, 70);
    return out + "\n" + std::string(kEnd) + "\n";
}

std::string SigningKey::public_key() const {
    std::string out;
    put_string(out, kKind);
    put_string(out, text_of(public_));
    return to_base64(bytes_of(out));
}

Bytes SigningKey::sign(BytesView message) const {
    const EvpKey key = evp_key(seed_);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
        EVP_MD_CTX_new(), &EVP_MD_CTX_free
    );
    Bytes out(64);
    std::size_t size = out.size();
    CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
    auto* place = reinterpret_cast<unsigned char*>(out.data());
    CHECK(EVP_DigestSign(context.get(), place, &size, raw(message), message.size()) == 1);
    CHECK(size == out.size());
    return out;
}

}  // namespace moat
