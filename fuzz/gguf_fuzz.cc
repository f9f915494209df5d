// Heads of model files.
#include <cstdint>
#include <cstring>

#include "models/gguf_file.h"
#include "models/model_facts.h"

namespace {

class Input final : public moat::models::RandomAccess {
  public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    std::uint64_t size() const override { return size_; }
    moat::Status read(std::uint64_t offset, std::span<std::byte> out) const override {
        if (offset > size_ || out.size() > size_ - offset) __builtin_trap();
        std::memcpy(out.data(), data_ + offset, out.size());
        return moat::Ok{};
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    moat::models::GgufReadOptions options;
    options.name = "x";
    const auto file = moat::models::read_gguf(Input(data, size), options);
    if (!file) return 0;
    // What was accepted holds together.
    for (const auto& tensor : file->tensors)
        if (tensor.offset + tensor.bytes > size) __builtin_trap();
    (void)moat::models::facts_of(*file);
    return 0;
}
