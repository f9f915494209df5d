#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

// Numbers as bytes, for what is stored: LEB128 and fixed little-endian. Reading is checked.
namespace moat::index {

inline void put_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

template <class T>
void put_fixed(std::string& out, T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.append(bytes, sizeof(T));
}

inline void put_bytes(std::string& out, std::string_view bytes) {
    put_varint(out, bytes.size());
    out.append(bytes);
}

// Reads from the front of a view. After a failed read ok() is false, and all reads give zeros:
// so a decoder checks once, at its end.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (rest_.empty()) return fail();
            const auto byte = static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return value;
        }
        return fail();
    }
    std::uint32_t varint32() {
        const std::uint64_t value = varint();
        return value <= 0xFFFFFFFF ? static_cast<std::uint32_t>(value)
                                   : static_cast<std::uint32_t>(fail());
    }
    template <class T>
    T fixed() {
        T value{};
        if (rest_.size() < sizeof(T)) {
            fail();
            return value;
        }
        std::memcpy(&value, rest_.data(), sizeof(T));
        rest_.remove_prefix(sizeof(T));
        return value;
    }
    std::string_view take(std::uint64_t size) {
        if (rest_.size() < size) {
            fail();
            return {};
        }
        const std::string_view bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return bytes;
    }
    std::string_view bytes() { return take(varint()); }

    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }

  private:
    std::uint64_t fail() {
        ok_ = false;
        rest_ = {};
        return 0;
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace moat::index
