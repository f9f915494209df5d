#include "adapters/llama/state_file.h"

#include <bit>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"

static_assert(std::endian::native == std::endian::little, "the format's numbers are written as is");

namespace moat::adapters::llama {
namespace {

constexpr std::string_view kMagic = "MOATKV1\n";
constexpr std::uint32_t kMostHeadBytes = 1U << 20;
constexpr std::uint64_t kMostTokens = 1ULL << 24;
constexpr std::uint64_t kMostStateBytes = 1ULL << 40;

struct Layout {
    StateHead head;
    std::string digest;  // of tokens and state
    std::uint64_t state_bytes = 0;
};

Error damaged(const std::filesystem::path& path) {
    return Error{ErrorCode::corrupt, path.filename().string() + " is no attention state"};
}

BytesView bytes_of_tokens(const Tokens& tokens) {
    return std::as_bytes(std::span(tokens));
}

std::string digest_of(const Tokens& tokens, const StateBytes& state) {
    Sha256Stream digest;
    digest.update(bytes_of_tokens(tokens));
    digest.update(std::as_bytes(std::span(state)));
    return digest.finish().hex();
}

bool read_bytes(std::ifstream& in, void* to, std::uint64_t count) {
    return bool(in.read(static_cast<char*>(to), static_cast<std::streamsize>(count)));
}

Result<Layout> read_layout(std::ifstream& in, const std::filesystem::path& path) {
    std::error_code failed;
    const std::uint64_t size = std::filesystem::file_size(path, failed);
    if (!in || failed) return Error{ErrorCode::not_found, path.filename().string() + " is gone"};
    std::array<char, kMagic.size()> magic{};
    std::uint32_t length = 0;
    if (!read_bytes(in, magic.data(), magic.size()) ||
        std::string_view(magic.data(), magic.size()) != kMagic ||
        !read_bytes(in, &length, sizeof length) || length > kMostHeadBytes) {
        return damaged(path);
    }
    std::string text(length, '\0');
    if (!read_bytes(in, text.data(), length)) return damaged(path);
    const auto header = json::read(text);
    if (!header || !header->is_object()) return damaged(path);

    Layout out;
    out.head.model = json::string_or(*header, "model");
    out.head.domain = json::string_or(*header, "domain");
    out.digest = json::string_or(*header, "sha256");
    const auto number = [&](std::string_view key) {
        return static_cast<std::uint64_t>(json::int_or(*header, key, -1));
    };
    const std::uint64_t tokens = number("tokens");
    out.head.public_tokens = number("public_tokens");
    out.state_bytes = number("state_bytes");
    if (tokens > kMostTokens || out.head.public_tokens > tokens ||
        out.state_bytes > kMostStateBytes) {
        return damaged(path);
    }
    const std::uint64_t front = kMagic.size() + sizeof length + length;
    out.head.file_bytes = front + tokens * sizeof(llama_token) + out.state_bytes;
    if (out.head.file_bytes != size) return damaged(path);
    out.head.tokens.resize(tokens);
    if (!read_bytes(in, out.head.tokens.data(), tokens * sizeof(llama_token))) return damaged(path);
    return out;
}

Status write_all(int fd, BytesView data) {
    while (!data.empty()) {
        const auto count = ::write(fd, data.data(), data.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return Error{ErrorCode::io, "cannot write an attention state"};
        data = data.subspan(static_cast<std::size_t>(count));
    }
    return Ok{};
}

Status write_parts(int fd, const StateHead& head, const StateBytes& state) {
    const std::string text = json::write(json::Object{
        {"model", head.model},
        {"domain", head.domain},
        {"tokens", static_cast<std::int64_t>(head.tokens.size())},
        {"public_tokens", static_cast<std::int64_t>(head.public_tokens)},
        {"state_bytes", static_cast<std::int64_t>(state.size())},
        {"sha256", digest_of(head.tokens, state)},
    });
    const auto length = static_cast<std::uint32_t>(text.size());
    TRY(write_all(fd, bytes_of(kMagic)));
    TRY(write_all(fd, std::as_bytes(std::span(&length, 1))));
    TRY(write_all(fd, bytes_of(text)));
    TRY(write_all(fd, bytes_of_tokens(head.tokens)));
    return write_all(fd, std::as_bytes(std::span(state)));
}

}  // namespace

// A state can be computed again, so it need not survive a power loss: no fsync. A torn one is
// found by its size or digest.
Status write_state_file(
    const std::filesystem::path& path, const StateHead& head, const StateBytes& state
) {
    const auto temporary = temporary_beside(path);
    const Fd file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)
    );
    if (file.get() < 0) {
        return Error{
            ErrorCode::io, "cannot create an attention state in " + path.parent_path().string()
        };
    }
    Status done = write_parts(file.get(), head, state);
    std::error_code failed;
    if (done) std::filesystem::rename(temporary, path, failed);
    if (failed) done = Error{ErrorCode::io, "cannot name an attention state: " + failed.message()};
    if (!done) std::filesystem::remove(temporary, failed);
    return done;
}

Result<StateHead> read_state_head(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    TRY_ASSIGN(Layout layout, read_layout(in, path));
    return std::move(layout.head);
}

Result<StateBytes> read_state_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    TRY_ASSIGN(const Layout layout, read_layout(in, path));
    StateBytes state(layout.state_bytes);
    if (!read_bytes(in, state.data(), state.size()) ||
        digest_of(layout.head.tokens, state) != layout.digest) {
        return damaged(path);
    }
    return state;
}

}  // namespace moat::adapters::llama
