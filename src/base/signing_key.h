#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

// An Ed25519 key (RFC 8032) that signs in this machine's name, kept in the file format of OpenSSH
// (PROTOCOL.key, "openssh-key-v1", without a passphrase), so that `ssh-keygen` and Ollama read it.
//
// Threads: any (a value). By OpenSSL. The secret half appears nowhere but in the file.
namespace moat {

class SigningKey {
  public:
    using Seed = std::array<std::byte, 32>;  // the private key of RFC 8032

    static SigningKey generate();
    static SigningKey of_seed(const Seed& seed);
    // Errors: corrupt (not such a file), unsupported (a passphrase, another kind of key).
    static Result<SigningKey> parse(std::string_view openssh_text);
    // The key in `path`; made there with its public half beside it (`path`.pub) when absent. The
    // file can be read by its owner only. Errors: those of parse(), io.
    static Result<SigningKey> open_or_make(const std::filesystem::path& path);

    std::string openssh_text() const;
    // Base64 of the public key as SSH writes it: the second word of a line of authorized_keys.
    std::string public_key() const;
    // 64 bytes over `message`.
    Bytes sign(BytesView message) const;

  private:
    SigningKey() = default;

    Seed seed_{};
    std::array<std::byte, 32> public_{};
};

}  // namespace moat
