#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

// Writes GGUF files byte by byte as the format's document lays them out, for tests. It knows
// nothing of the reader, so that a wrong reader is not excused by a writer wrong in the same way.
namespace moat::models {

class GgufBuilder {
  public:
    GgufBuilder& text(std::string_view key, std::string_view value) {
        return entry(key, 8, string_bytes(value));
    }
    GgufBuilder& u32(std::string_view key, std::uint32_t value) {
        return entry(key, 4, raw(value));
    }
    GgufBuilder& u64(std::string_view key, std::uint64_t value) {
        return entry(key, 10, raw(value));
    }
    GgufBuilder& i8(std::string_view key, std::int8_t value) { return entry(key, 1, raw(value)); }
    GgufBuilder& f32(std::string_view key, float value) { return entry(key, 6, raw(value)); }
    GgufBuilder& flag(std::string_view key, bool value) {
        return entry(key, 7, std::string(1, value ? '\1' : '\0'));
    }
    GgufBuilder& texts(std::string_view key, const std::vector<std::string>& values) {
        std::string bytes = raw(std::uint32_t{8}) + raw(std::uint64_t{values.size()});
        for (const auto& value : values)
            bytes += string_bytes(value);
        return entry(key, 9, bytes);
    }
    // Any type and bytes, for files that lie.
    GgufBuilder& entry(std::string_view key, std::uint32_t type, std::string_view bytes) {
        metadata_ += string_bytes(key) + raw(type) + std::string(bytes);
        ++entries_;
        return *this;
    }
    // F32 unless told otherwise; `data` is what the file holds for it.
    GgufBuilder& tensor(
        std::string_view name,
        const std::vector<std::uint64_t>& shape,
        std::string_view data,
        std::uint32_t type = 0
    ) {
        table_ += string_bytes(name) + raw(static_cast<std::uint32_t>(shape.size()));
        for (const auto length : shape)
            table_ += raw(length);
        table_ += raw(type) + raw(std::uint64_t{data_.size()});
        data_ += data;
        data_.resize((data_.size() + 31) / 32 * 32);
        ++tensors_;
        return *this;
    }
    GgufBuilder& version(std::uint32_t number) {
        version_ = number;
        return *this;
    }

    std::string bytes() const {
        std::string out =
            "GGUF" + raw(version_) + raw(tensors_) + raw(entries_) + metadata_ + table_;
        if (!data_.empty()) out.resize((out.size() + 31) / 32 * 32);
        return out + data_;
    }
    void write(const std::filesystem::path& path) const {
        const std::string all = bytes();
        std::ofstream(path, std::ios::binary)
            .write(all.data(), static_cast<std::streamsize>(all.size()));
    }

    template <class T>
    static std::string raw(T value) {
        std::string out(sizeof value, '\0');
        std::memcpy(out.data(), &value, sizeof value);
        return out;
    }
    static std::string string_bytes(std::string_view text) {
        return raw(std::uint64_t{text.size()}) + std::string(text);
    }

  private:
    std::uint32_t version_ = 3;
    std::uint64_t entries_ = 0;
    std::uint64_t tensors_ = 0;
    std::string metadata_;
    std::string table_;
    std::string data_;
};

}  // namespace moat::models
