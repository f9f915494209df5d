#include "models/gguf_writer.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <type_traits>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"

namespace moat::models {

static_assert(std::endian::native == std::endian::little, "GGUF is written in place");

namespace {

constexpr std::uint64_t kAlignment = 32;  // GGUF's own when the file names none

// Types of metadata values.
constexpr std::uint32_t kU8 = 0;
constexpr std::uint32_t kU32 = 4;
constexpr std::uint32_t kI32 = 5;
constexpr std::uint32_t kF32 = 6;
constexpr std::uint32_t kBool = 7;
constexpr std::uint32_t kString = 8;
constexpr std::uint32_t kArray = 9;

template <class T>
    requires std::is_trivially_copyable_v<T>
void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
    put(out, std::uint64_t{text.size()});
    out.append(text);
}

std::uint64_t aligned(std::uint64_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

Error io_error(std::string_view what) {
    return file_error(fmt::format("a model file cannot be {}", what), errno);
}

}  // namespace

void GgufHead::begin(std::string_view key, std::uint32_t type) {
    put_text(metadata_, key);
    put(metadata_, type);
    ++entries_;
}

void GgufHead::text(std::string_view key, std::string_view value) {
    begin(key, kString);
    put_text(metadata_, value);
}

void GgufHead::u32(std::string_view key, std::uint32_t value) {
    begin(key, kU32);
    put(metadata_, value);
}

void GgufHead::f32(std::string_view key, float value) {
    begin(key, kF32);
    put(metadata_, value);
}

void GgufHead::flag(std::string_view key, bool value) {
    begin(key, kBool);
    put(metadata_, static_cast<std::uint8_t>(value ? 1 : 0));
}

void GgufHead::texts(std::string_view key, std::span<const std::string> values) {
    begin(key, kArray);
    put(metadata_, kString);
    put(metadata_, std::uint64_t{values.size()});
    for (const std::string& value : values)
        put_text(metadata_, value);
}

void GgufHead::u8s(std::string_view key, BytesView values) {
    begin(key, kArray);
    put(metadata_, kU8);
    put(metadata_, std::uint64_t{values.size()});
    metadata_.append(text_of(values));
}

void GgufHead::i32s(std::string_view key, std::span<const std::int32_t> values) {
    begin(key, kArray);
    put(metadata_, kI32);
    put(metadata_, std::uint64_t{values.size()});
    metadata_.append(text_of(std::as_bytes(values)));
}

void GgufHead::f32s(std::string_view key, std::span<const float> values) {
    begin(key, kArray);
    put(metadata_, kF32);
    put(metadata_, std::uint64_t{values.size()});
    metadata_.append(text_of(std::as_bytes(values)));
}

void GgufHead::flags(std::string_view key, const std::vector<bool>& values) {
    begin(key, kArray);
    put(metadata_, std::uint32_t{kBool});
    put(metadata_, std::uint64_t{values.size()});
    for (const bool value : values)
        put(metadata_, static_cast<std::uint8_t>(value ? 1 : 0));
}

void GgufHead::tensor(
    std::string_view name,
    std::span<const std::uint64_t> shape,
    std::uint32_t type,
    std::uint64_t bytes
) {
    put_text(table_, name);
    put(table_, static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t length : shape)
        put(table_, length);
    put(table_, type);
    put(table_, data_bytes_);
    data_bytes_ += aligned(bytes);
    ++tensors_;
}

std::string GgufHead::bytes() const {
    std::string out = "GGUF";
    put(out, std::uint32_t{3});
    put(out, tensors_);
    put(out, entries_);
    out += metadata_;
    out += table_;
    out.resize(aligned(out.size()));
    return out;
}

Result<GgufOutput> GgufOutput::create(const std::filesystem::path& path, const GgufHead& head) {
    GgufOutput out(Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)));
    if (!out.fd_) return io_error("made");
    Status written = out.write(bytes_of(head.bytes()));
    if (written) return out;
    ::unlink(path.c_str());
    return std::move(written).error();
}

Status GgufOutput::write(BytesView data) {
    digest_.update(data);
    size_ += data.size();
    while (!data.empty()) {
        const auto count = ::write(fd_.get(), data.data(), data.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error("written");
        data = data.subspan(static_cast<std::size_t>(count));
    }
    return Ok{};
}

Status GgufOutput::end_tensor() {
    const std::string padding(static_cast<std::size_t>(aligned(size_) - size_), '\0');
    return write(bytes_of(padding));
}

Result<Sha256> GgufOutput::finish() {
    if (::fsync(fd_.get()) != 0) return io_error("synced");
    return digest_.finish();
}

}  // namespace moat::models
